import { z } from "@hono/zod-openapi";

/** Says only "ask me": what is to be done is in the import's row. */
export const importMessageSchema = z.strictObject({ type: z.literal("import"), id: z.string() });
export type ImportMessage = z.infer<typeof importMessageSchema>;
