import { z } from "@hono/zod-openapi";
import { broken } from "../../../platform/http/field-errors.ts";
import { extensions, iri, languageMap, text } from "./values.ts";

// Activities: 1.0.3 part 2, section 2.4.4.1, and its appendix C on interactions.

const MAX_COMPONENTS = 500;
/** Which lists of components go with which kind of interaction. */
const COMPONENTS: Readonly<Record<string, readonly string[]>> = {
  choice: ["choices"],
  sequencing: ["choices"],
  likert: ["scale"],
  matching: ["source", "target"],
  performance: ["steps"],
};
const KINDS = [
  "true-false",
  "choice",
  "fill-in",
  "long-fill-in",
  "matching",
  "performance",
  "sequencing",
  "likert",
  "numeric",
  "other",
] as const;

const components = z
  .array(z.strictObject({ id: text, description: languageMap.optional() }))
  .max(MAX_COMPONENTS)
  .refine(
    (all) => new Set(all.map(({ id }) => id)).size === all.length,
    broken("duplicate", "each component has an id of its own"),
  );
const LISTS = ["choices", "scale", "source", "target", "steps"] as const;

const definition = z
  .strictObject({
    name: languageMap.optional(),
    description: languageMap.optional(),
    type: iri.optional(),
    moreInfo: iri.optional(),
    extensions: extensions.optional(),
    interactionType: z.enum(KINDS).optional(),
    correctResponsesPattern: z.array(z.string().max(20_000)).max(MAX_COMPONENTS).optional(),
    choices: components.optional(),
    scale: components.optional(),
    source: components.optional(),
    target: components.optional(),
    steps: components.optional(),
  })
  .superRefine((given, context) => {
    const isInteraction =
      given.correctResponsesPattern !== undefined || LISTS.some((list) => given[list] !== undefined);
    if (isInteraction && given.interactionType === undefined) {
      context.addIssue({
        code: "custom",
        path: ["interactionType"],
        message: "an interaction says of which kind it is",
        params: { rule: "required" },
      });
      return;
    }
    const allowed = COMPONENTS[given.interactionType ?? ""] ?? [];
    for (const list of LISTS) {
      if (given[list] === undefined || allowed.includes(list)) continue;
      const message = `an interaction of the kind ${given.interactionType} has no ${list}`;
      context.addIssue({ code: "custom", path: [list], message, params: { rule: "not_of_kind" } });
    }
  });

export const activity = z.strictObject({
  objectType: z.literal("Activity").optional(),
  id: iri,
  definition: definition.optional(),
});

export type Definition = z.output<typeof definition>;
export type Activity = z.output<typeof activity>;
