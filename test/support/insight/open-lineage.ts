import { z } from "zod";

/**
 * What a run event of OpenLineage 2-0-2 must be (https://openlineage.io/spec/2-0-2/OpenLineage.json, `RunEvent`), and of
 * the two facets that are used here what their own schemas add. The published schemas let anything else be added.
 */
const facet = z.looseObject({ _producer: z.url(), _schemaURL: z.url() });
const named = { namespace: z.string().min(1), name: z.string().min(1) };
const dataset = z.looseObject({
  ...named,
  facets: z
    .object({ version: facet.extend({ datasetVersion: z.string() }).optional() })
    .catchall(facet)
    .optional(),
});
const parent = facet.extend({ run: z.looseObject({ runId: z.uuid() }), job: z.looseObject(named) });

export const runEventSchema = z.looseObject({
  eventType: z.enum(["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]),
  eventTime: z.iso.datetime({ offset: true }),
  run: z.looseObject({ runId: z.uuid(), facets: z.object({ parent: parent.optional() }).catchall(facet).optional() }),
  job: z.looseObject({ ...named, facets: z.record(z.string(), facet).optional() }),
  inputs: z.array(dataset),
  outputs: z.array(dataset),
  producer: z.url(),
  schemaURL: z.url(),
});
