// One connection for all tabs of a browser: it opens only six at a time to a place, and pages need some to load.
// The tab that holds the lock listens to what all of them follow and passes it on; when it goes or is hidden, the
// next one takes over. A browser that has no locks here (they need https or this machine) gets a connection a tab.
const NAME = "orcaops-live";
const RETRY_MS = 3000;
const LATE_MS = 500;

export class Line {
  /**
   * @param heard Called with the topics that changed, of those this tab follows.
   * @param stands Called with whether the line is lost, and whether something may have been missed: when this tab's
   *   topics are listened to for the first time, since its page is older than that, and when the line is back.
   */
  constructor(heard, stands) {
    this.heard = heard;
    this.stands = stands;
    this.id = Math.random().toString(36).slice(2);
    this.topics = [];
    this.others = new Map();
    this.source = null;
    this.channel = null;
    this.stepDown = null;
    this.leaving = null;
    this.isHeard = false;
  }

  get isOpen() {
    return this.leaving !== null;
  }

  open(topics) {
    this.close();
    this.topics = topics;
    this.isHeard = false;
    this.leaving = new AbortController();
    if (!navigator.locks || !window.BroadcastChannel) {
      this.listen();
      return;
    }
    this.channel = new BroadcastChannel(NAME);
    this.channel.onmessage = (event) => this.take(event.data);
    this.post({ kind: "follow" });
    const wait = { signal: this.leaving.signal };
    const began = performance.now();
    navigator.locks.request(NAME, wait, () => this.lead(performance.now() - began > LATE_MS)).catch(() => {});
  }

  close() {
    if (this.channel) this.post({ kind: "leave" });
    this.leaving?.abort();
    this.stepDown?.();
    this.source?.close();
    this.channel?.close();
    this.source = this.channel = this.stepDown = this.leaving = null;
    this.others.clear();
  }

  // Whoever takes over does not know what happened since the one before went.
  lead(isLate) {
    if (!this.isOpen) return undefined;
    this.listen(isLate);
    this.post({ kind: "who" });
    return new Promise((done) => { this.stepDown = done; });
  }

  post(message) {
    this.channel?.postMessage({ ...message, id: this.id, topics: message.topics ?? this.topics });
  }

  take(message) {
    if (message.kind === "nudge") this.tell(message.topics);
    else if (message.kind === "stands") this.stand(message);
    else if (message.kind === "who") this.post({ kind: "follow" });
    else if (this.source) {
      const before = this.all();
      message.kind === "follow" ? this.others.set(message.id, message.topics) : this.others.delete(message.id);
      if (message.kind !== "follow") return;
      if (before !== this.all()) this.listen();
      else if (this.source.readyState === EventSource.OPEN) this.post({ kind: "stands", isLost: false, isBack: false, followed: before });
    }
  }

  tell(topics) {
    const ours = topics.filter((topic) => this.topics.includes(topic));
    if (ours.length) this.heard(ours);
  }

  all() {
    return [...new Set([this.topics, ...this.others.values()].flat())].sort().slice(0, 20).join(",");
  }

  // The one before is heard until this one is open, so that nothing falls between them.
  listen(hasGap = false) {
    const earlier = this.source;
    const followed = this.all();
    const source = new EventSource(`/events?topics=${encodeURIComponent(followed)}`);
    let wasLost = hasGap;
    this.source = source;
    source.addEventListener("open", () => {
      earlier?.close();
      this.tellAll({ isLost: false, isBack: wasLost, followed });
      wasLost = false;
    });
    source.addEventListener("error", () => {
      wasLost = true;
      this.tellAll({ isLost: true, isBack: false, followed: "" });
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => {
        if (this.source !== source) return;
        this.listen();
        this.stand({ isLost: true, isBack: false, followed: "" });
      }, RETRY_MS);
    });
    source.addEventListener("nudge", (event) => {
      const { topics } = JSON.parse(event.data);
      this.post({ kind: "nudge", topics });
      this.tell(topics);
    });
  }

  tellAll(standing) {
    this.post({ kind: "stands", ...standing });
    this.stand(standing);
  }

  stand({ isLost, isBack, followed }) {
    const all = followed.split(",");
    const isFirst = !this.isHeard && this.topics.every((topic) => all.includes(topic));
    this.isHeard ||= isFirst;
    this.stands(isLost, isBack || isFirst);
  }
}
