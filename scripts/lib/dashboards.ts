import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fromRoot } from "./paths.ts";

const FOLDER = fromRoot("ops/grafana/dashboards");

const sourceSchema = z.looseObject({ type: z.literal("prometheus"), uid: z.string() });
const panelSchema = z.looseObject({
  id: z.int(),
  type: z.enum(["stat", "timeseries"]),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource: sourceSchema,
  gridPos: z.object({ h: z.int(), w: z.int(), x: z.int(), y: z.int() }),
  fieldConfig: z.looseObject({ defaults: z.looseObject({ unit: z.string() }) }),
  targets: z
    .array(z.object({ refId: z.string(), datasource: sourceSchema, expr: z.string(), legendFormat: z.string() }))
    .min(1),
});
const dashboardSchema = z.looseObject({
  uid: z.string(),
  title: z.string(),
  description: z.string(),
  panels: z.array(panelSchema),
  annotations: z.object({ list: z.array(z.looseObject({ expr: z.string() })) }),
});
export type Dashboard = z.infer<typeof dashboardSchema>;

/** The dashboards that Grafana is given, by file name. */
export function dashboards(): Dashboard[] {
  return readdirSync(FOLDER)
    .sort()
    .map((name) => dashboardSchema.parse(JSON.parse(readFileSync(join(FOLDER, name), "utf8"))));
}
