// Of what zod/v4/classic/external.js exports, what the Worker uses, by name: a bundler leaves out the rest. A test compares
// the list with the sources. JSON Schema is for the API's description, which is made by the build and not from this.

export * as coerce from "../../node_modules/zod/v4/classic/coerce.js";
export { ZodError } from "../../node_modules/zod/v4/classic/errors.js";
export type { input, output } from "../../node_modules/zod/v4/classic/in-out.js";
export * as iso from "../../node_modules/zod/v4/classic/iso.js";
export { validate } from "../../node_modules/zod/v4/classic/parse.js";
export {
  array,
  boolean,
  custom,
  date,
  discriminatedUnion,
  email,
  enum,
  int,
  ipv4,
  ipv6,
  lazy,
  literal,
  looseObject,
  null,
  number,
  object,
  record,
  strictObject,
  string,
  tuple,
  union,
  unknown,
  url,
  uuid,
  ZodObject,
  ZodType,
} from "../../node_modules/zod/v4/classic/schemas.js";
export { prettifyError } from "../../node_modules/zod/v4/core/index.js";

/** What a batch's rows look like is for the description. */
export const toJSONSchema = (): Record<string, unknown> => ({});
