// Replaces `better-auth/db` in the upload (wrangler.toml, `alias`), with only its sessions. The package's own index
// also brings the code that makes, compares and migrates schemas, because it is used as one object.

export { createInternalAdapter } from "../../node_modules/better-auth/dist/db/internal-adapter.mjs";
