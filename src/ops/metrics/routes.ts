import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { respond } from "../../platform/http/answers.ts";
import type { AppContext, AppEnv } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { toInstant } from "../../platform/instants.ts";
import { logFault } from "../../platform/log.ts";
import { type Family, PROMETHEUS_TYPE, prometheusText } from "../../platform/metrics/family.ts";
import type { Section } from "../../platform/metrics/section.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { sameSecret } from "../../platform/same-secret.ts";
import { secretDefect } from "../../platform/secrets.ts";
import { scrape } from "./scrape.ts";

const labels = z.record(z.string(), z.string());
const metricView = z
  .object({
    name: z.string(),
    type: z.enum(["counter", "gauge", "histogram"]),
    help: z.string(),
    samples: z.array(
      z.object({
        labels,
        value: z.number().optional(),
        sum: z.number().optional(),
        count: z.number().optional(),
        buckets: z
          .array(z.object({ le: z.number().nullable(), count: z.number() }))
          .optional()
          .openapi({ description: "Observations of at most `le`; null means no bound." }),
      }),
    ),
  })
  .openapi("Metric");

const metricsRoute = defineRoute(
  { roles: ["admin"], scope: "operate", rule: "Admins." },
  {
    method: "get",
    path: "/system/metrics",
    operationId: "getMetrics",
    tags: ["system"],
    summary: "The numbers of /metrics as JSON",
    responses: {
      200: {
        description: "As of a few seconds ago at most.",
        content: {
          "application/json": { schema: z.object({ read_at: z.string(), metrics: z.array(metricView) }) },
        },
      },
    },
  },
);

/** The numbers for administrators, to be mounted at /api/v1. */
export function metricsRoutes(sections: readonly Section[]) {
  return newRouter().openapi(metricsRoute, async (c) => {
    const now = Date.now();
    const metrics = (await scrape(c.env, sections, now)).map(viewOf);
    return c.json({ read_at: toInstant(now), metrics }, 200, { "cache-control": "no-store" });
  });
}

function viewOf(family: Family): z.input<typeof metricView> {
  const { name, type, help } = family;
  if (family.type !== "histogram") return { name, type, help, samples: [...family.samples] };
  const samples = family.samples.map(({ labels, buckets, sum }) => ({
    labels,
    sum,
    count: buckets.at(-1)?.[1] ?? 0,
    buckets: buckets.map(([bound, count]) => ({ le: Number.isFinite(bound) ? bound : null, count })),
  }));
  return { name, type, help, samples };
}

/** Adds /metrics: the same numbers for Prometheus, which has a token of its own (METRICS_TOKEN). */
export function mountScrape(app: OpenAPIHono<AppEnv>, sections: readonly Section[]): void {
  app.get("/metrics", async (c) => {
    const allowed = await mayScrape(c);
    if (!allowed.ok) return respond(c, allowed.refusal);
    const families = await scrape(c.env, sections, Date.now());
    return c.body(prometheusText(families), 200, { "content-type": PROMETHEUS_TYPE, "cache-control": "no-store" });
  });
}

async function mayScrape(c: AppContext): Promise<Result<null>> {
  const expected = c.env.METRICS_TOKEN;
  const defect = secretDefect(expected, "METRICS_TOKEN");
  if (defect !== null) {
    logFault("unsafe_secret", new Error(defect));
    return refuse("unavailable", { detail: "The server has no METRICS_TOKEN, so /metrics is closed." });
  }
  const [scheme = "", given = ""] = (c.req.header("authorization") ?? "").split(" ");
  return scheme.toLowerCase() === "bearer" && (await sameSecret(given, expected))
    ? ok(null)
    : refuse("unauthenticated");
}
