// What a run's graph shows of its nodes and edges: many variants of a job are one vertex until they are opened.
const FOLDED_FROM = 9;
const LONGEST_NAME = 28;
const ORDER = ["running", "waiting", "failed", "timed_out", "cancelled", "success", "skipped"];

/** One vertex a node, or a job of many variants that is not among those opened. */
export function verticesOf(all, opened) {
  const byJob = new Map();
  for (const node of all) {
    if (!byJob.has(node.job)) byJob.set(node.job, []);
    byJob.get(node.job).push(node);
  }
  const vertices = [];
  for (const [job, nodes] of byJob) {
    if (nodes.length >= FOLDED_FROM && !opened.has(job)) vertices.push(folded(job, nodes));
    else for (const node of nodes) vertices.push({ ...node, label: cut(node.name), names: [node.id, job] });
  }
  return vertices;
}

function folded(job, nodes) {
  const counts = new Map();
  for (const node of nodes) counts.set(node.status, [(counts.get(node.status)?.[0] ?? 0) + 1, node.word, node.icon]);
  const status = ORDER.find((each) => counts.has(each)) ?? nodes[0].status;
  const words = ORDER.filter((each) => counts.has(each)).map((each) => `${counts.get(each)[0]} ${counts.get(each)[1].toLowerCase()}`);
  return {
    id: `job ${job}`, job, label: cut(`${job} ×${nodes.length}`), names: [job, ...nodes.map((node) => node.id)],
    status, icon: counts.get(status)?.[2], word: counts.get(status)?.[1], took: words.join(", "), since: null,
    critical: nodes.some((node) => node.critical), href: "#jobs", isFolded: true, tolerated: false,
    said: `${job}, ${nodes.length} variants: ${words.join(", ")}. Opens them`,
  };
}

/** The edges between vertices; several between the same two are one. */
export function linksOf(vertices, { nodes, edges }) {
  const places = new Map();
  for (const vertex of vertices) {
    for (const name of vertex.names) {
      if (!places.has(name)) places.set(name, []);
      places.get(name).push(vertex.id);
    }
  }
  const own = new Map(vertices.flatMap((vertex) => vertex.names.map((name) => [`${vertex.job}\n${name}`, vertex.id])));
  const jobs = new Map(nodes.map((node) => [node.id, node.job]));
  const found = new Map();
  for (const edge of edges) {
    const to = own.get(`${jobs.get(edge.to)}\n${edge.to}`);
    for (const from of places.get(edge.from) ?? []) {
      const key = `${from}\n${to}`;
      const before = found.get(key);
      if (from === to) continue;
      found.set(key, before
        ? { ...before, skipped: before.skipped && edge.skipped, critical: before.critical || edge.critical }
        : { ...edge, key, from, to });
    }
  }
  const critical = new Set(vertices.filter((vertex) => vertex.critical).map((vertex) => vertex.id));
  for (const link of found.values()) link.critical = link.critical && critical.has(link.from) && critical.has(link.to);
  return [...found.values()];
}

function cut(name) {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}
