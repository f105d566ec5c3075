// Stands in for `better-auth/db` in what is uploaded (wrangler.toml, `alias`): its sessions alone. The package's own list
// brings what makes schemas, compares and migrates them, because it hands the whole around as one object.

export { createInternalAdapter } from "../../node_modules/better-auth/dist/db/internal-adapter.mjs";
