import { z } from "@hono/zod-openapi";
import { jsonPath, zodErrors } from "../../platform/http/field-errors.ts";
import { COURSE_SLUG, courseSlugSchema, ITEM_ID } from "../../platform/ids.ts";
import { type FieldError, ok, type Result, refuse } from "../../platform/results.ts";
import type { ItemStatus, Rule } from "../../unlock/index.ts";
import type { courseDocumentSchema } from "../document.ts";
import type { ImportedDocument } from "./document.ts";
import { fail, jsonOf, SourceFault, wholeFiles } from "./files.ts";
import { type Format, NO_LINKS } from "./format.ts";
import { ReportBuilder } from "./report.ts";

/** A course document as an author writes it, before defaults are filled in. */
export type CourseDocumentInput = z.input<typeof courseDocumentSchema>;

export interface ImportedCourse {
  document: ImportedDocument<Rule>;
  /** What the source contains but the document does not; paths are places in the source. */
  warnings: FieldError[];
}

/** Exercism's name for the first exercise of a track: until it is completed nothing else is open. */
const TUTORIAL_SLUG = "hello-world";

/** Ends of the difficulty scale of a course document. */
const MIN_DIFFICULTY = 1;
const MAX_DIFFICULTY = 10;

/** Longest title of a course document, in UTF-16 code units. */
const MAX_TITLE = 200;

const text = z.string().trim().min(1).max(MAX_TITLE);
const exerciseFields = {
  slug: z.string(),
  name: text,
  status: z.enum(["wip", "beta", "active", "deprecated"]).nullish(),
  prerequisites: z.array(z.string()).default([]),
};
const conceptSchema = z.object({ ...exerciseFields, concepts: z.array(z.string()).default([]) });
const practiceSchema = z.object({ ...exerciseFields, difficulty: z.number().default(MIN_DIFFICULTY) });

/** The parts of a track's `config.json` that are used; everything else in it is ignored. */
const configSchema = z.object({
  slug: z.string(),
  language: text,
  exercises: z.object({
    concept: z.array(conceptSchema).default([]),
    practice: z.array(practiceSchema).default([]),
  }),
});

type Exercise = z.infer<typeof conceptSchema> | z.infer<typeof practiceSchema>;
interface Placed<E extends Exercise> {
  exercise: E;
  id: string;
  path: string;
  status: ItemStatus;
}

/**
 * Turns the `config.json` of a public Exercism track into a course: concept exercises become chapters, practice
 * exercises become problems without a chapter.
 *
 * A prerequisite of an exercise is a concept, and completing any exercise that teaches the concept meets it. So it
 * becomes "one of these completed". If no exercise that is open to new learners teaches a concept (only `wip` or
 * `deprecated` ones, or none at all), nobody could ever learn it. It is left out with a warning, just as Exercism does.
 *
 * @param config the parsed JSON.
 * @param course slug of the course; default the track's own.
 * @returns `invalid_input` if the file is not such a config; each error names its place in the file.
 */
export function importExercism(config: unknown, course?: string): Result<ImportedCourse> {
  if (course !== undefined && !COURSE_SLUG.test(course)) {
    const message = courseSlugSchema.safeParse(course).error?.issues[0]?.message ?? "not a course slug";
    return refuse("invalid_input", { errors: [{ path: "course", rule: "invalid_format", message }] });
  }
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) return refuse("invalid_input", { errors: zodErrors(parsed.error) });
  const { slug, language, exercises } = parsed.data;
  const target = course ?? slug;
  if (!COURSE_SLUG.test(target)) {
    const message = `${JSON.stringify(slug)} is not a valid course slug; choose one for the import.`;
    return refuse("invalid_input", { errors: [{ path: "slug", rule: "invalid_format", message }] });
  }

  const concepts = placed(exercises.concept, "concept", target);
  const practices = placed(exercises.practice, "practice", target);
  const errors = slugErrors([...concepts, ...practices]);
  if (errors.length > 0) return refuse("invalid_input", { errors });

  const teachers = teachersOf(concepts);
  const warnings: FieldError[] = [];
  const tutorial = [...practices, ...concepts].find(
    (item) => item.exercise.slug === TUTORIAL_SLUG && item.status !== "deprecated",
  );
  const common = (item: Placed<Exercise>) => ({
    id: item.id,
    title: { en: item.exercise.name },
    status: item.status,
    // The tutorial is open from the start, whatever it lists: every exercise that could teach it waits for it.
    rule: item === tutorial ? null : ruleOf(item, teachers, warnings),
    content: null,
  });
  const document: ImportedDocument<Rule> = {
    slug: target,
    title: { en: language },
    options: {
      sequential: false,
      tutorial: tutorial?.id ?? null,
      sticky: true,
      problems_follow_chapter: false,
    },
    chapters: concepts.map(common),
    problems: practices.map((item) => ({
      ...common(item),
      difficulty: Math.min(MAX_DIFFICULTY, Math.max(MIN_DIFFICULTY, Math.round(item.exercise.difficulty))),
      answer: null,
    })),
  };
  return ok({ document, warnings });
}

/** The origin that a config names; it has no release. */
const RELEASE = "config.json";

/** {@link importExercism} in the form of the other formats: a source of one file, the config of a track. */
export const EXERCISM: Format = {
  name: "exercism",
  read({ course }) {
    const configs: { path: string; value: unknown }[] = [];
    return {
      open: wholeFiles(
        (path) => path.endsWith(".json") && !path.includes("/"),
        (file) => {
          configs.push({ path: file.path, value: jsonOf(file) });
        },
      ),
      finish: (summary) => {
        const [config] = configs;
        if (config === undefined) return fail("config.json", "missing_file", "There is no config.json of a track.");
        const imported = importExercism(config.value, course);
        if (!imported.ok) return refuseTrack(config.path, imported.refusal.errors ?? []);
        const { document, warnings } = imported.value;
        const report = reportOf(config.value, document, warnings);
        return {
          document: { ...document, source: { platform: "exercism", release: RELEASE } },
          report: report.build("exercism", RELEASE, summary),
          people: null,
          links: NO_LINKS,
        };
      },
    };
  },
};

function refuseTrack(path: string, [error]: readonly FieldError[]): never {
  if (error === undefined) return fail(path, "invalid_input", "This is not the configuration of a track.");
  throw new SourceFault({ ...error, path: `${path}: ${error.path}` });
}

/** Each exercise with prerequisites is a gate. */
function reportOf(config: unknown, document: ImportedDocument<Rule>, warnings: readonly FieldError[]): ReportBuilder {
  const report = new ReportBuilder();
  const { concept, practice } = configSchema.parse(config).exercises;
  const items = new Map([...document.chapters, ...document.problems].map((item) => [item.id, item]));
  const kinds: ["concept" | "practice", readonly Exercise[]][] = [
    ["concept", concept],
    ["practice", practice],
  ];
  for (const [kind, exercises] of kinds) {
    for (const [position, { slug, name, status, prerequisites: rule }] of exercises.entries()) {
      const source = jsonPath(["exercises", kind, position]);
      const id = `${document.slug}.${slug}`;
      const isShown = status !== "wip";
      report.element(kind);
      if (isShown) report.items.push({ source, id, kind, title: name });
      else report.leaveOut("unfinished exercises", "Exercism does not show them");
      if (rule.length === 0) continue;
      const told = warnings.filter((warning) => warning.path.startsWith(`${source}.`)).map(({ message }) => message);
      const why = isShown ? told.join(" ") || null : "the exercise is not finished: Exercism does not show it";
      report.gates.push({ source, rule, mapped: items.get(id)?.rule ?? null, verdict: "exact", why });
    }
  }
  return report;
}

/** The imported exercises, in the order of the file: all except those that are still being written. */
function placed<E extends Exercise>(exercises: readonly E[], kind: "concept" | "practice", course: string) {
  return exercises.flatMap((exercise, position): Placed<E>[] => {
    if (exercise.status === "wip") return [];
    const path = jsonPath(["exercises", kind, position]);
    return [{ exercise, id: `${course}.${exercise.slug}`, path, status: exercise.status ?? "active" }];
  });
}

function slugErrors(items: readonly Placed<Exercise>[]): FieldError[] {
  const errors: FieldError[] = [];
  const firstUse = new Map<string, string>();
  for (const { exercise, id, path } of items) {
    const place = `${path}.slug`;
    const name = JSON.stringify(exercise.slug);
    if (!ITEM_ID.test(id)) {
      const message = `${name} is not a valid item name: lower-case letters, digits, inner dashes and underscores, at most 64.`;
      errors.push({ path: place, rule: "invalid_format", message });
    }
    const earlier = firstUse.get(id);
    if (earlier === undefined) firstUse.set(id, place);
    else errors.push({ path: place, rule: "duplicate_id", message: `${name} is used already at ${earlier}.` });
  }
  return errors;
}

/**
 * The exercises that teach each concept. A deprecated exercise counts for learners who completed it, so it is listed
 * beside the others. If it is the only one, no new learner can learn the concept, so the concept counts as not taught.
 */
function teachersOf(concepts: readonly Placed<z.infer<typeof conceptSchema>>[]): Map<string, string[]> {
  const teachers = new Map<string, string[]>();
  const isTaught = new Set<string>();
  for (const { exercise, id, status } of concepts) {
    for (const concept of new Set(exercise.concepts)) {
      const known = teachers.get(concept);
      if (known === undefined) teachers.set(concept, [id]);
      else known.push(id);
      if (status !== "deprecated") isTaught.add(concept);
    }
  }
  for (const concept of teachers.keys()) if (!isTaught.has(concept)) teachers.delete(concept);
  return teachers;
}

function ruleOf(
  item: Placed<Exercise>,
  teachers: ReadonlyMap<string, readonly string[]>,
  warnings: FieldError[],
): Rule | null {
  const demands: Rule[] = [];
  const seen = new Set<string>();
  item.exercise.prerequisites.forEach((concept, position) => {
    const ids = teachers.get(concept);
    if (ids === undefined) {
      warnings.push({
        path: `${item.path}.prerequisites[${position}]`,
        rule: "ignored_prerequisite",
        message: `No exercise that new learners can open teaches ${JSON.stringify(concept)}, so ${item.id} does not need it.`,
      });
    } else {
      // Concepts that the same exercises teach become one condition.
      const taught = ids.join(" ");
      if (!seen.has(taught)) demands.push(oneOf(ids.map((id) => ({ completed: id }))));
      seen.add(taught);
    }
  });
  const [only] = demands;
  return demands.length > 1 ? { all: demands } : (only ?? null);
}

function oneOf(rules: Rule[]): Rule {
  const [only] = rules;
  return rules.length === 1 && only !== undefined ? only : { any: rules };
}
