// Runs a job with the TypeScript SDK that is inside most hosts, and prints what it got as one JSON line.
// Usage: node typescript_client.mjs NODE_TOOLS_FOLDER COMMAND ARGUMENT…
import { createRequire } from "node:module";

const [folder, command, ...args] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");

const client = new Client({ name: "typescript-client", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command, args }));
const { tools } = await client.listTools();
const outcome = await client.callTool({
  name: "orcaops_submit_job",
  arguments: { image: "busybox:latest", commands: ["echo one", "echo two >&2; exit 3"], wait_s: 30 },
});
const refused = await client.callTool({
  name: "orcaops_submit_job",
  arguments: { image: "--privileged", timeoutt: 1 },
});
const { resourceTemplates } = await client.listResourceTemplates();
await client.close();
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), outcome, refused, resourceTemplates }));
