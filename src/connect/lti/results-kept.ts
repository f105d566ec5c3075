import { z } from "zod";
import { ITEM_ID } from "../../platform/ids.ts";

// What is stored of gradebooks that are read: JSON in columns of `lti_contexts`.

/** Columns of one gradebook that are read. */
export const MAX_COLUMNS = 50;
/** Unknown people whose ids are shown. */
export const MAX_UNKNOWN = 20;

const jsonOf = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);

const columnSchema = z.object({
  line_item: z.string(),
  item: z.string().regex(ITEM_ID),
  /** Whether a result completes the item too; else its own requirement decides. */
  completes: z.boolean(),
});
export type Column = z.output<typeof columnSchema>;

const counts = z.record(z.string(), z.int());
const stateSchema = z.object({
  /** The column that is read next, and the person after whom it goes on. */
  at: z.int().default(0),
  after: z.string().nullable().default(null),
  /** Whether all of what is said is told, and not only what differs. */
  whole: z.boolean().default(false),
  /** The first failure of this reading. */
  failed: z.string().nullable().default(null),
  /** Why the columns could not be listed. */
  unlisted: z.string().nullable().default(null),
  columns: z
    .record(z.string(), z.object({ read_at: z.int().nullable(), counts, failure: z.string().nullable() }))
    .default({}),
});
export type ResultsState = z.output<typeof stateSchema>;

/** The columns of `lti_contexts` that are about results. */
export const resultsRow = z.object({
  line_items: jsonOf(z.array(z.object({ line_item: z.string(), label: z.string(), maximum: z.number().nullable() }))),
  results: jsonOf(z.array(columnSchema)),
  results_state: jsonOf(stateSchema),
  results_unknown: jsonOf(z.array(z.string())),
});
