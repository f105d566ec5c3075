// Replaces the package `zod` in the upload (wrangler.toml, `alias`): the same modules without messages in fifty
// languages and without reading JSON Schema. Nothing here uses these, but no bundler can leave them out, because zod is
// used as one object.

import * as z from "./zod-parts.ts";

export * from "./zod-parts.ts";
export { z, z as default };
