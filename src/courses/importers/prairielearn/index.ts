import type { z } from "zod";
import { jsonPath } from "../../../platform/http/field-errors.ts";
import { USER_ID } from "../../../platform/ids.ts";
import { allOf, type ImportedChapter, type ImportedRule, titleOf } from "../document.ts";
import { fail, jsonOf, type SourceFile, textOf, wholeFiles } from "../files.ts";
import { type Format, type ImportedPeople, NO_LINKS } from "../format.ts";
import { courseSlug, ItemIds } from "../ids.ts";
import { ReportBuilder } from "../report.ts";
import { mapAccessRule, NamedPeople, oneOf, ruleOfAssessment, withoutPeople } from "./access.ts";
import { DEFAULT_ZONE, isZone } from "./clock.ts";
import { mapAccessControl } from "./control.ts";
import { AssessmentQuestions } from "./questions.ts";
import {
  type Assessment,
  assessmentSchema,
  courseSchema,
  type Instance,
  infoSchema,
  instanceSchema,
} from "./schemas.ts";
import { QuestionTexts } from "./texts.ts";

const COURSE = "infoCourse.json";
const INSTANCE = "infoCourseInstance.json";
const ASSESSMENT = "infoAssessment.json";
/** The files of a course have no release. */
const RELEASE = COURSE;

interface Read<T> {
  path: string;
  value: T;
}

/**
 * Courses of PrairieLearn, as a `.zip` or a folder: assessments become chapters, their questions problems. A course has
 * several instances; all are imported, each with its own assessments.
 */
export const PRAIRIELEARN: Format = {
  name: "prairielearn",
  read({ course: asked }) {
    const courses: Read<z.infer<typeof courseSchema>>[] = [];
    const instances: Read<Instance>[] = [];
    const assessments: Read<Assessment>[] = [];
    const questions: Read<z.infer<typeof infoSchema>>[] = [];
    const texts = new QuestionTexts();
    return {
      open: wholeFiles(
        (path) =>
          /(?:^|\/)(?:infoCourse|infoCourseInstance|infoAssessment)\.json$/.test(path) ||
          /(?:^|\/)questions\/.+\/(?:info\.json|question\.html|server\.py)$/.test(path),
        (file) => {
          const name = file.path.split("/").at(-1);
          if (name === COURSE) courses.push(parsed(file, courseSchema));
          else if (name === INSTANCE) instances.push(parsed(file, instanceSchema));
          else if (name === ASSESSMENT) assessments.push(parsed(file, assessmentSchema));
          else if (name !== "info.json") texts.add(file.path, textOf(file));
          else {
            const info = infoSchema.safeParse(jsonOf(file));
            questions.push({ path: file.path, value: info.success ? info.data : { title: "" } });
          }
        },
      ),
      finish: (summary) => {
        const [course] = courses.sort((a, b) => a.path.length - b.path.length);
        if (course === undefined)
          return fail(COURSE, "missing_file", "This is not a PrairieLearn course: it has no infoCourse.json.");
        const root = course.path.slice(0, -COURSE.length);
        const slug = courseSlug(asked, course.value.name, course.path);
        const titles = new Map(
          questions.map(({ path, value }) => [
            path.slice(`${root}questions/`.length, -"/info.json".length),
            value.title,
          ]),
        );
        const report = new ReportBuilder();
        const people = new NamedPeople();
        const map = new CourseMap(
          root,
          course.value.timezone ?? DEFAULT_ZONE,
          titles,
          texts,
          new ItemIds(slug),
          report,
          people,
        );
        const document = {
          slug,
          title: titleOf(course.value.title, slug),
          source: { platform: "prairielearn" as const, release: RELEASE },
          options: { sequential: false, sticky: false, problems_follow_chapter: true, open_enrollment: false },
          chapters: map.chapters(byPath(instances), byPath(assessments)),
          problems: [],
        };
        for (const [cohort, members] of people.cohorts) report.cohort(cohort, `${members.length} people named by uid`);
        return {
          document,
          report: report.build("prairielearn", RELEASE, summary),
          people: learnersOf(people),
          links: NO_LINKS,
        };
      },
    };
  },
};

function byPath<T>(files: Read<T>[]): Read<T>[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** @throws SourceFault with the name of the field if the file does not have this form. */
function parsed<S extends z.ZodType>(file: SourceFile, schema: S): Read<z.infer<S>> {
  const result = schema.safeParse(jsonOf(file));
  if (result.success) return { path: file.path, value: result.data };
  const [issue] = result.error.issues;
  return fail(
    `${file.path}: ${jsonPath(issue?.path ?? [])}`,
    issue?.code ?? "invalid",
    issue?.message ?? "It has another format.",
  );
}

/** The people whom rules name, each in the cohorts of those rules; null if rules name nobody. */
function learnersOf({ cohorts }: NamedPeople): ImportedPeople | null {
  const cohortsOf = new Map<string, string[]>();
  for (const [cohort, members] of cohorts) {
    for (const member of members) cohortsOf.set(member, [...(cohortsOf.get(member) ?? []), cohort]);
  }
  const learners = [...cohortsOf].filter(([user]) => USER_ID.test(user));
  if (learners.length === 0) return null;
  return {
    learners: learners.map(([user, own]) => ({ user, email: null, enrolled_at: null, cohorts: own, profile: {} })),
    facts: [],
  };
}

/** When an assessment opens, and the dates of its work. */
interface Opened {
  rule: ImportedRule | null;
  due?: string;
  closes?: string;
}

class CourseMap {
  readonly #root: string;
  readonly #zone: string;
  readonly #titles: ReadonlyMap<string, string>;
  readonly #texts: QuestionTexts;
  readonly #ids: ItemIds;
  readonly #report: ReportBuilder;
  readonly #people: NamedPeople;

  constructor(
    root: string,
    zone: string,
    titles: ReadonlyMap<string, string>,
    texts: QuestionTexts,
    ids: ItemIds,
    report: ReportBuilder,
    people: NamedPeople,
  ) {
    this.#root = root;
    this.#zone = zone;
    this.#titles = titles;
    this.#texts = texts;
    this.#ids = ids;
    this.#report = report;
    this.#people = people;
  }

  chapters(instances: readonly Read<Instance>[], assessments: readonly Read<Assessment>[]): ImportedChapter[] {
    const chapters = instances.flatMap((instance) => {
      this.#report.element("course_instance");
      const folder = instance.path.slice(0, -INSTANCE.length);
      const rule = this.#instanceRule(instance);
      const name = instances.length === 1 ? null : (instance.value.longName ?? folder);
      const own = assessments.filter(({ path }) => path.startsWith(`${folder}assessments/`));
      return own.map((assessment) => this.#chapter(assessment, instance, rule, name));
    });
    const folders = instances.map(({ path }) => `${path.slice(0, -INSTANCE.length)}assessments/`);
    for (const { path, value } of assessments) {
      if (folders.some((folder) => path.startsWith(folder))) continue;
      this.#report.leaveOut("assessments outside the folder assessments", "PrairieLearn does not read them");
      this.#report.note(
        path,
        "unreachable_assessment",
        "It is outside the folder `assessments`, in which PrairieLearn looks for assessments.",
      );
      for (const [at, access] of (value.allowAccess ?? []).entries()) {
        const why = "PrairieLearn does not read this assessment";
        const source = `${path}: allowAccess[${at}]`;
        this.#report.gates.push({ source, rule: withoutPeople(access), mapped: null, verdict: "exact", why });
      }
    }
    return chapters;
  }

  #chapter(
    { path, value }: Read<Assessment>,
    instance: Read<Instance>,
    outer: ImportedRule | null,
    name: string | null,
  ): ImportedChapter {
    this.#report.element("assessment");
    const place = path.slice(`${this.#root}courseInstances/`.length, -`/${ASSESSMENT}`.length);
    const id = this.#ids.of(place);
    const label = [value.set, value.number].filter((part) => part !== "").join(" ");
    const title = titleOf([name, label, value.title].filter((part) => part !== null && part !== "").join(" · "), place);
    this.#report.items.push({
      source: path,
      id,
      kind: value.type === "Exam" ? "exam" : "assessment",
      title: title.en ?? "",
    });
    const { rule: own, ...dates } = this.#access(path, value, this.#zoneOf(instance));
    const rule = allOf([outer === null ? null : { hide: outer }, own]);
    const nameOf = (question: string) => `${place}/${question}`;
    const problems = new AssessmentQuestions(value, path, {
      nameOf,
      titles: this.#titles,
      asked: (question) => this.#texts.of(`${this.#root}questions/${question}`),
      ids: this.#ids,
      report: this.#report,
    }).problems();
    return { id, title, kind: value.type === "Exam" ? "exam" : "assessment", rule, ...dates, content: null, problems };
  }

  #access(path: string, { allowAccess, accessControl }: Assessment, zone: string): Opened {
    if (accessControl != null && accessControl.length > 0) {
      const { gates, cohorts, ...opened } = mapAccessControl(accessControl, zone);
      for (const [at, gate] of gates.entries())
        this.#report.gates.push({ source: `${path}: accessControl[${at}]`, ...gate });
      for (const [cohort, label] of cohorts) this.#report.cohort(cohort, label);
      return opened;
    }
    const rules = (allowAccess ?? []).map((access, at) => {
      const mapped = mapAccessRule(access, zone, this.#people);
      const { rule, verdict, why } = mapped;
      this.#report.gates.push({
        source: `${path}: allowAccess[${at}]`,
        rule: withoutPeople(access),
        mapped: rule,
        verdict,
        why,
      });
      return mapped;
    });
    if (rules.length > 0) return { rule: ruleOfAssessment(rules) };
    const rule = { hide: { missing: { what: "condition" as const, name: "no rule lets anybody in" } } };
    const why = "without a rule, only staff see an assessment";
    this.#report.gates.push({ source: path, rule: { allowAccess: [] }, mapped: rule, verdict: "exact", why });
    return { rule };
  }

  /** When an instance is available to its learners: by `publishing`, else by its access rules. */
  #instanceRule({ path, value }: Read<Instance>): ImportedRule | null {
    const { publishing, allowAccess } = value;
    const zone = this.#zoneOf({ path, value });
    const dates = publishing == null ? null : [{ startDate: publishing.startDate, endDate: publishing.endDate }];
    const field = dates === null ? "allowAccess" : "publishing";
    const rules = (dates ?? allowAccess ?? []).map((access, at) => {
      const mapped = mapAccessRule(access, zone, this.#people);
      const { rule, verdict, why } = mapped;
      const source = dates === null ? `${path}: allowAccess[${at}]` : `${path}: ${field}`;
      this.#report.gates.push({ source, rule: withoutPeople(access), mapped: rule, verdict, why });
      return mapped;
    });
    if (rules.length > 0) return oneOf(rules);
    const rule = oneOf([]);
    const why = "only staff see an instance that is not published";
    this.#report.gates.push({ source: path, rule: { publishing: null }, mapped: rule, verdict: "exact", why });
    return rule;
  }

  #zoneOf({ path, value }: Read<Instance>): string {
    const zone = value.timezone ?? this.#zone;
    return isZone(zone) ? zone : fail(`${path}: timezone`, "time_zone", `${JSON.stringify(zone)} is not a time zone.`);
  }
}
