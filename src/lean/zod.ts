// Stands in for the package `zod` in what is uploaded (wrangler.toml, `alias`): the same modules without the messages in
// fifty languages and without the way back from JSON Schema, which nothing here uses and no bundler can leave out,
// because the whole is handed around as one object.

import * as z from "./zod-parts.ts";

export * from "./zod-parts.ts";
export { z, z as default };
