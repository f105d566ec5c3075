import { clampedInstant } from "../clamped.ts";
import {
  allOf,
  type ImportedChapter,
  type ImportedDocument,
  type ImportedProblem,
  type ImportedRule,
  titleOf,
} from "../document.ts";
import type { Question } from "../questions.ts";
import type { ReportBuilder } from "../report.ts";
import { entryOf } from "../table.ts";
import { isGate, mapAvailability } from "./availability.ts";
import { mapCompletion } from "./completion.ts";
import { type MoodleFiles, placeOfSection } from "./files.ts";
import type { GradeItem, MoodleCourse, MoodleModule, MoodleSection } from "./model.ts";
import type { MoodleNames } from "./names.ts";
import type { PageOrder } from "./order.ts";
import type { QuestionBank } from "./questions.ts";

/** Kinds of activities with their words in a course document; the others keep Moodle's word. */
const KINDS: Readonly<Record<string, string>> = {
  assign: "assignment",
  resource: "file",
  folder: "file",
  url: "link",
  book: "page",
  choice: "survey",
  feedback: "survey",
  questionnaire: "survey",
};

/** Kinds that no page ever shows: question banks are activities since 5.0. */
const NEVER_SHOWN = new Set(["qbank"]);

/** Fields in an activity's own settings that form a window, by kind of edge. */
const WINDOWS = {
  opens: ["allowsubmissionsfromdate", "timeopen", "available", "timeavailablefrom", "submissionstart"],
  due: ["duedate"],
  closes: ["cutoffdate", "timeclose", "deadline", "timeavailableto", "submissionend"],
} as const;

/** Makes the course document. The report gets every gate and completion setting. */
export class MoodleMap {
  readonly #course: MoodleCourse;
  readonly #order: PageOrder;
  readonly #names: MoodleNames;
  readonly #report: ReportBuilder;
  readonly #files: MoodleFiles;
  readonly #questions: QuestionBank;
  readonly #sectionRules = new Map<number, ImportedRule | null>();

  constructor(
    course: MoodleCourse,
    {
      order,
      names,
      report,
      files,
      questions,
    }: { order: PageOrder; names: MoodleNames; report: ReportBuilder; files: MoodleFiles; questions: QuestionBank },
  ) {
    this.#course = course;
    this.#order = order;
    this.#names = names;
    this.#report = report;
    this.#files = files;
    this.#questions = questions;
  }

  document(slug: string): ImportedDocument {
    const chapters = this.#course.sections.map((section) => this.#chapter(section));
    return {
      slug,
      title: titleOf(this.#course.fullname, slug),
      source: { platform: "moodle", release: this.#course.release.text },
      // Moodle evaluates the rules again each time, and takes back what a rule had opened.
      options: { sequential: false, sticky: false, problems_follow_chapter: false, open_enrollment: false },
      chapters,
      problems: [
        ...this.#order.nowhere.map((module) => this.#problem(module, null)),
        ...[...this.#names.gradesAsked.values()].map((item) => this.#gradeItem(item)),
      ],
    };
  }

  #chapter(section: MoodleSection): ImportedChapter {
    const title = titleOf(section.title, section.number === 0 ? "General" : `Section ${section.number}`);
    const id = this.#names.section(section);
    this.#report.items.push({ source: section.source, id, kind: "section", title: title.en ?? "" });
    return {
      id,
      title,
      kind: "section",
      rule: this.#sectionRule(section),
      content: this.#report.text(section.source, section.summary, this.#files.resolver(placeOfSection(section.id))),
      // `hidden` would hide its activities, but Moodle opens them by their address.
      ...(section.visible ? {} : { visibility: "unlisted" }),
      problems: (this.#order.inSection.get(section.id) ?? []).flatMap((module) =>
        this.#order.sectionOf(module) === undefined ? [this.#problem(module, section)] : [],
      ),
    };
  }

  /**
   * The conditions that lock a section. A subsection also has those of its activity and of the section that contains
   * it.
   */
  #sectionRule(section: MoodleSection): ImportedRule | null {
    const known = this.#sectionRules.get(section.id);
    if (known !== undefined) return known;
    // Ends the walk if a subsection contains itself.
    this.#sectionRules.set(section.id, null);
    const own = this.#gate(section.source, section.availability, { section });
    const holder = [...this.#course.modules.values()].find((module) => this.#order.sectionOf(module) === section);
    const outer = holder === undefined ? undefined : this.#course.sections.find((one) => one.id === holder.section);
    const rule = allOf([
      outer === undefined ? null : hidden(this.#sectionRule(outer)),
      holder === undefined ? null : this.#gate(holder.source, holder.availability, { module: holder }),
      own,
    ]);
    this.#sectionRules.set(section.id, rule);
    return rule;
  }

  #problem(module: MoodleModule, section: MoodleSection | null): ImportedProblem {
    this.#report.element(module.kind);
    const title = titleOf(module.title, `${module.kind} ${module.id}`);
    const [id, kind] = [this.#names.module(module), entryOf(KINDS, module.kind) ?? module.kind];
    this.#report.items.push({ source: module.source, id, kind, title: title.en ?? "" });
    const own = this.#gate(module.source, module.availability, { module });
    const completion = mapCompletion(module, this.#course);
    if (completion !== null) this.#report.completion.push(completion);
    const visibility = visibilityOf(module, section);
    return {
      id,
      title,
      kind,
      // A locked section removes its activities from the page; its own reasons are reported for the section.
      rule: allOf([section === null ? null : hidden(this.#sectionRule(section)), own]),
      ...this.#asked(module),
      ...(completion?.mapped == null ? {} : { completion: completion.mapped }),
      ...(visibility === "shown" ? {} : { visibility }),
      ...windowOf(module),
    };
  }

  /** The text of an activity. For a quiz with one question: the question, and how an answer is judged. */
  #asked({
    source,
    kind,
    text,
    context,
    slots,
  }: MoodleModule): Pick<ImportedProblem, "content" | "answer" | "question"> {
    const listed = kind === "resource" || kind === "folder" ? this.#files.list(context) : "";
    const unknown: Question = { kind: "unknown", key: null, why: "the file does not have the question", text: "" };
    const questions = this.#questions.of(slots).map((question) => question ?? unknown);
    const resolve = this.#files.resolver(context);
    const found = this.#report.questions(questions, resolve);
    const asked = found === null ? "" : (questions[0]?.text ?? "");
    return { content: this.#report.text(source, text + listed + asked, resolve), ...found };
  }

  /** A grade that belongs to no activity: an item without a place on the page, which only gates use. */
  #gradeItem(item: GradeItem): ImportedProblem {
    const title = titleOf(item.title, `Grade ${item.id}`);
    const id = this.#names.gradeItem(item);
    this.#report.items.push({
      source: `gradebook.xml grade_item ${item.id}`,
      id,
      kind: "grade",
      title: title.en ?? "",
    });
    return { id, title, kind: "grade", rule: null, content: null, visibility: "hidden" };
  }

  #gate(
    source: string,
    availability: MoodleModule["availability"],
    place: { module: MoodleModule } | { section: MoodleSection },
  ): ImportedRule | null {
    if (availability === null || !isGate(availability)) return null;
    const { rule, verdict, why } = mapAvailability(availability, this.#names.around(place));
    this.#report.gates.push({ source, rule: availability.rule, mapped: rule, verdict, why });
    return rule;
  }
}

/** The rule, with hiding if it fails. */
function hidden(rule: ImportedRule | null): ImportedRule | null {
  return rule === null ? null : { hide: plain(rule) };
}

/** The rule without the hiding marks inside it. */
function plain(rule: ImportedRule): ImportedRule {
  if ("hide" in rule) return plain(rule.hide);
  if ("all" in rule) return allOf(rule.all.map(plain)) ?? rule;
  return rule;
}

function visibilityOf(module: MoodleModule, section: MoodleSection | null): "shown" | "hidden" | "unlisted" {
  if (!module.visible || module.deleting || NEVER_SHOWN.has(module.kind)) return "hidden";
  return module.onCoursePage && section?.visible !== false ? "shown" : "unlisted";
}

function windowOf(module: MoodleModule): { opens?: string; due?: string; closes?: string } {
  const window: { opens?: string; due?: string; closes?: string } = {};
  for (const edge of ["opens", "due", "closes"] as const) {
    const seconds = WINDOWS[edge].map((field) => Number(module.own.get(field))).find((time) => time > 0);
    if (seconds !== undefined) window[edge] = clampedInstant(seconds * 1_000);
  }
  return window;
}
