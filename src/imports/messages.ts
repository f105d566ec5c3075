import { z } from "@hono/zod-openapi";

/** Says only "ask me": what is to be done is in the row of the import, or of the roster's run, or of the scores for another platform. */
export const importMessageSchema = z.strictObject({ type: z.enum(["import", "roster", "lti"]), id: z.string() });
export type ImportMessage = z.infer<typeof importMessageSchema>;
