// The exports of zod/v4/classic/external.js that the Worker uses, by name, so that a bundler leaves out the rest. A
// test compares the list with the sources. JSON Schema is only for the API's description, which the build makes with
// the whole package.

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

/** The form of a batch's rows is only for the description. */
export const toJSONSchema = (): Record<string, unknown> => ({});
