import { z } from "@hono/zod-openapi";
import { broken } from "../platform/http/field-errors.ts";
import { courseSlugSchema, itemIdSchema } from "../platform/ids.ts";
import { instantSchema } from "../platform/instants.ts";
import { localizedTextSchema } from "../platform/text.ts";
import {
  cohortNameSchema,
  ITEM_STATUSES,
  MAX_UNIT,
  type Outline,
  type OutlineItem,
  PLATFORMS,
  requirementSchema,
  ruleSchema,
  VISIBILITIES,
} from "../unlock/index.ts";
import { MAX_ITEMS } from "./max-items.ts";
import { askedOf, checkKey, optionIdSchema, type Question, questionOf, questionSchema } from "./question.ts";
import { type Rubric, rubricOf, rubricSchema } from "./rubric.ts";

/** Most characters of one chapter's or problem's Markdown, per language. */
const MAX_CONTENT = 64_000;
/** Most cohorts for which one item may be meant. */
const MAX_ASSIGNED = 100;
/** Largest course document accepted, in bytes of JSON. */
export const MAX_DOCUMENT_BYTES = 8_000_000;

const title = localizedTextSchema(200);
const content = localizedTextSchema(MAX_CONTENT);

const MAX_OTHER_UNITS = 10;
/** Options of a question, at most. */
const MAX_RIGHT = 20;
const unit = z.string().trim().min(1).max(MAX_UNIT);
const partial = z.boolean().optional().openapi({
  description: "An answer that is right in part gets a part of the score. It does not pass.",
});

export const answerKeySchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("exact"),
      values: z.array(z.string().min(1).max(1_000)).min(1).max(50),
      case_sensitive: z.boolean().default(false),
    }),
    z
      .strictObject({
        kind: z.literal("numeric"),
        value: z.number(),
        tolerance: z.number().min(0).default(0).openapi({ description: "In the unit of `value`." }),
        tolerance_percent: z.number().min(0).max(100).optional().openapi({
          description: "The same as a share of `value`; the greater of both counts.",
        }),
        unit: unit.optional().openapi({ description: "Of `value`. An answer without a unit is in this one." }),
        unit_required: z.boolean().optional().openapi({ description: "An answer without a unit is wrong." }),
        other_units: z
          .array(z.strictObject({ unit, factor: z.number().positive() }))
          .max(MAX_OTHER_UNITS)
          .optional()
          .openapi({ description: "Units that are right, too: a number in one, times `factor`, is in `unit`." }),
      })
      .refine(({ unit, unit_required, other_units }) => unit !== undefined || (!unit_required && !other_units), {
        path: ["unit"],
        ...broken("required", "named where an answer needs a unit, or may have others"),
      }),
    z.strictObject({
      kind: z.literal("regex"),
      pattern: z.string().min(1).max(500),
      case_sensitive: z.boolean().default(true),
    }),
    z.strictObject({ kind: z.literal("choice"), option: optionIdSchema }),
    z.strictObject({ kind: z.literal("choices"), options: z.array(optionIdSchema).min(1).max(MAX_RIGHT), partial }),
    z.strictObject({
      kind: z.literal("ordering"),
      options: z.array(optionIdSchema).min(2).max(MAX_RIGHT).openapi({ description: "In the right order." }),
      partial,
    }),
  ])
  .openapi("AnswerKey");

/** Ten years: a longer window is a typing error. */
const MAX_DAYS = 3_650;
const days = z.number().min(0).max(MAX_DAYS);
const when = z
  .union([instantSchema, z.strictObject({ days })])
  .openapi({ description: "An instant, or a number of days after the learner enrolled." });

const itemFields = {
  id: itemIdSchema,
  title,
  status: z.enum(ITEM_STATUSES).default("active"),
  rule: ruleSchema.nullable().default(null),
  completion: requirementSchema.optional().openapi({
    description:
      "How the item becomes complete. If absent: a chapter when it is marked, a problem when a submission passes.",
  }),
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,49}$/, "lower-case letters, digits and underscores")
    .optional()
    .openapi({
      example: "quiz",
      description: "The kind of item: page, quiz, assignment, file, link, survey, ... If absent: chapter or problem.",
    }),
  opens: when.optional().openapi({
    description:
      "Work is accepted from this instant on. Before, the rule decides whether the item is readable (in a course from Canvas it is locked).",
  }),
  due: when.optional().openapi({ description: "A date that learners see. Work is accepted after it, too." }),
  closes: when.optional().openapi({
    description:
      "No work is accepted from this instant on. The rule decides whether the item is readable. The override `extend` moves this instant.",
  }),
  visibility: z.enum(VISIBILITIES).optional().openapi({
    description:
      "`hidden`: learners never see the item or the items in it. `unlisted`: the item opens by its id, is in no list, and is hidden while it is locked. If absent: shown.",
  }),
  keeps: z.boolean().optional().openapi({
    description:
      "Whether the item stays open after it was opened. `false`: it locks again when its rule is false, and the rule uses the latest scores. If absent, the option `sticky` decides.",
  }),
  assign_to: z.array(cohortNameSchema).min(1).max(MAX_ASSIGNED).optional().openapi({
    description:
      "The cohorts for which the item and the items in it are meant. Others do not see it, and no rule or percentage counts it for them. If absent: meant for everybody.",
  }),
  content: content
    .nullable()
    .default(null)
    .openapi({ description: "Markdown. A learner receives it only while the item is open." }),
};

const problemDocumentSchema = z
  .strictObject({
    ...itemFields,
    difficulty: z.int().min(1).max(10).default(1),
    question: questionSchema.optional().openapi({ description: "What kind of answer is asked for. Absent: any text." }),
    answer: answerKeySchema.nullable().default(null),
    rubric: rubricSchema.optional().openapi({
      description: "How a person judges answers: criteria with points. Absent: a score is given as a whole.",
    }),
  })
  .superRefine(({ question, answer }, context) => {
    if (answer === null) return;
    checkKey(question, answer, (path, rule, message) => {
      context.addIssue({ code: "custom", path: ["answer", ...path], message, params: { rule } });
    });
  })
  .openapi("ProblemDocument");

const chapterDocumentSchema = z
  .strictObject({ ...itemFields, problems: z.array(problemDocumentSchema).max(MAX_ITEMS).default([]) })
  .openapi("ChapterDocument");

const courseOptionsSchema = z
  .strictObject({
    sequential: z.boolean().default(false),
    tutorial: itemIdSchema.nullable().default(null),
    sticky: z.boolean().default(true),
    problems_follow_chapter: z.boolean().default(true),
    open_enrollment: z.boolean().default(true),
    starts: instantSchema.optional().openapi({ description: "Before this instant, nothing is open to learners." }),
    ends: instantSchema.optional().openapi({
      description:
        "No work is accepted from this instant on. Rules decide what is readable. The override `extend` moves this instant.",
    }),
    beta: z
      .strictObject({ cohorts: z.array(cohortNameSchema).min(1).max(MAX_ASSIGNED), days })
      .optional()
      .openapi({
        description: "Members of these cohorts get each item this number of days before it begins for others.",
      }),
    certificate: z
      .discriminatedUnion("for", [
        z.strictObject({ for: z.literal("course") }),
        z.strictObject({ for: z.literal("item"), item: itemIdSchema }),
      ])
      .optional()
      .openapi({
        description:
          "A certificate for everybody who completes the course, or one item of it. Each learner gets it once and keeps it when the course changes. If absent: there is none.",
      }),
  })
  .openapi("CourseOptions");

/** The form of an author's document. `unlock/analyze.ts` checks its rules. */
export const courseDocumentSchema = z
  .strictObject({
    slug: courseSlugSchema,
    title,
    source: z
      .strictObject({ platform: z.enum(PLATFORMS), release: z.string().min(1).max(100) })
      .optional()
      .openapi({
        description:
          "The platform and release that the course comes from. Rules follow that platform where platforms differ. An item that can never open is then a warning, because these platforms allow it.",
      }),
    options: courseOptionsSchema.prefault({}),
    chapters: z.array(chapterDocumentSchema).max(MAX_ITEMS).default([]),
    problems: z
      .array(problemDocumentSchema)
      .max(MAX_ITEMS)
      .default([])
      .openapi({ description: "Problems that belong to no chapter." }),
  })
  .openapi("CourseDocument");

export type CourseDocument = z.infer<typeof courseDocumentSchema>;
type ProblemDocumentItem = z.infer<typeof problemDocumentSchema>;

/** Content of one item, or its rubric or question, stored apart from the outline. */
export interface ItemContent {
  item: string;
  content: NonNullable<ProblemDocumentItem["content"]> | Rubric | Question;
}

/**
 * Optional fields of an item. They are left out if they are not set, so that the outline of an older document does not
 * change.
 */
function told(item: Pick<ProblemDocumentItem, (typeof TOLD)[number]>): Partial<OutlineItem> {
  return Object.fromEntries(TOLD.flatMap((field) => (item[field] === undefined ? [] : [[field, item[field]]])));
}

const TOLD = ["completion", "kind", "visibility", "assign_to", "keeps", "opens", "due", "closes"] as const;

/** Splits a document into the outline that every enrollment has and the content that is read item by item. */
export function splitDocument(document: CourseDocument): { outline: Outline; contents: ItemContent[] } {
  const contents: ItemContent[] = [];
  const keepContent = (item: { id: string; content: ProblemDocumentItem["content"] }) => {
    if (item.content !== null) contents.push({ item: item.id, content: item.content });
  };
  const problem = (item: ProblemDocumentItem, chapter: string | null): Outline["problems"][number] => {
    keepContent(item);
    if (item.rubric !== undefined) contents.push({ item: rubricOf(item.id), content: item.rubric });
    const { id, title, status, rule, difficulty, answer, question } = item;
    if (question !== undefined) contents.push({ item: questionOf(id), content: question });
    const asked = question === undefined ? {} : { asked: askedOf(question) };
    return { id, title, status, rule, chapter, difficulty, answer, ...asked, ...told(item) };
  };
  const outline: Outline = {
    course: document.slug,
    title: document.title,
    options: document.options,
    ...(document.source === undefined ? {} : { source: document.source }),
    chapters: document.chapters.map((chapter) => {
      keepContent(chapter);
      const { id, title, status, rule } = chapter;
      return { id, title, status, rule, ...told(chapter) };
    }),
    problems: [
      ...document.chapters.flatMap((chapter) => chapter.problems.map((item) => problem(item, chapter.id))),
      ...document.problems.map((item) => problem(item, null)),
    ],
  };
  return { outline, contents };
}

/** The place of each item in the document, for error paths: `chapters[2].problems[0]`. */
export function documentPaths(document: CourseDocument): Map<string, string> {
  const paths = new Map<string, string>();
  document.chapters.forEach((chapter, i) => {
    if (!paths.has(chapter.id)) paths.set(chapter.id, `chapters[${i}]`);
    chapter.problems.forEach((problem, j) => {
      if (!paths.has(problem.id)) paths.set(problem.id, `chapters[${i}].problems[${j}]`);
    });
  });
  document.problems.forEach((problem, i) => {
    if (!paths.has(problem.id)) paths.set(problem.id, `problems[${i}]`);
  });
  return paths;
}
