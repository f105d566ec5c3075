import { clampedInstant } from "../clamped.ts";
import {
  allOf,
  type ImportedChapter,
  type ImportedProblem,
  type ImportedRule,
  type Requirement,
  titleOf,
} from "../document.ts";
import { textOf } from "../files.ts";
import type { ItemIds } from "../ids.ts";
import { type ReportBuilder, type Verdict, worst } from "../report.ts";
import type { Resolve } from "../resolve.ts";
import { entryOf } from "../table.ts";
import { questionsOf } from "./answers.ts";
import { graceOf, groupAccess, instantField, isTrue, minimumField, textField } from "./fields.ts";
import { cohortOf, cohortsOf, type Inherited, placeOf, shownTo, startOf } from "./place.ts";
import type { Block, OlxReader } from "./read.ts";

/** Blocks that count for a subsection's completion, with how each is completed. Other blocks never count. */
const COMPLETED_BY: Readonly<Record<string, Requirement>> = { html: { view: true }, problem: { submit: true } };
const COUNTED_NOWHERE = new Set(["discussion", "about", "course_info", "static_tab"]);
/** Blocks that give a score. */
const SCORED = new Set([
  "problem",
  "openassessment",
  "edx_sga",
  "staffgradedxblock",
  "lti",
  "lti_consumer",
  "drag-and-drop-v2",
  "library_content",
]);

/** Longest name of a kind. */
const MAX_KIND = 50;
/** The limit of items in one list of a rule. */
const MAX_LIST = 500;

interface Section {
  sequential: Block;
  title: string;
  inherited: Inherited;
  leaves: { block: Block; inherited: Inherited }[];
}

/** Makes the chapters: one for each subsection, with all blocks of its units. */
export class OlxMap {
  readonly #course: Block;
  readonly #reader: OlxReader;
  readonly #ids: ItemIds;
  readonly #report: ReportBuilder;
  readonly #resolve: Resolve;
  readonly #isGating: boolean;
  readonly #isSelfPaced: boolean;
  /** Ids of items by the names that links use. */
  readonly items = new Map<string, string>();
  readonly #sections: Section[] = [];
  /** Blocks that have a name already, by name: blocks of two kinds may share one. */
  readonly #placed = new Set<string>();
  readonly #named = new Map<string, string>();

  constructor(
    course: Block,
    { reader, ids, report, resolve }: { reader: OlxReader; ids: ItemIds; report: ReportBuilder; resolve: Resolve },
  ) {
    this.#course = course;
    this.#resolve = resolve;
    this.#reader = reader;
    this.#ids = ids;
    this.#report = report;
    this.#isGating = isTrue(course, "enable_subsection_gating");
    this.#isSelfPaced = isTrue(course, "self_paced");
  }

  chapters(): ImportedChapter[] {
    for (const { name, title } of cohortsOf(this.#course)) this.#report.cohort(name, title);
    const top = this.#inherit({ start: null, isHidden: false, cohorts: [], due: null, titles: [] }, this.#course);
    for (const chapter of this.#course.children) {
      this.#report.element(chapter.kind);
      const inherited = this.#inherit(top, chapter);
      this.#gateOfPlace(chapter);
      for (const sequential of chapter.children) this.#collect(sequential, chapter, inherited);
    }
    return this.#sections.map((section) => this.#chapter(section));
  }

  /** The id of a block. If two share a name, the second on the page gets its kind as well. */
  #idOf({ kind, name }: Block): string {
    const first = this.#named.get(name) ?? kind;
    this.#named.set(name, first);
    const id = this.#ids.of(first === kind ? name : `${name}-${kind}`);
    if (first === kind) this.items.set(name, id);
    return id;
  }

  #collect(sequential: Block, chapter: Block, outer: Inherited): void {
    this.#report.element(sequential.kind);
    this.#idOf(sequential);
    const inherited = { ...this.#inherit(outer, sequential), titles: [] };
    const titles = [chapter, sequential].map((block) => textField(block, "display_name") ?? block.name);
    const section: Section = { sequential, title: titles.join(" · "), inherited, leaves: [] };
    this.#sections.push(section);
    const walk = (block: Block, within: Inherited, units: readonly string[]) => {
      this.#report.element(block.kind);
      const own = this.#inherit(within, block);
      if (block.kind !== "vertical" && block.children.length === 0) this.#place(section, block, own, units);
      // A library and the blocks it contains are one thing for the learner.
      else if (block.kind === "library_content") this.#place(section, block, own, units);
      else for (const child of block.children) walk(child, own, [...units, block.name]);
    };
    for (const block of sequential.children) walk(block, inherited, [chapter.name]);
  }

  #place(section: Section, block: Block, inherited: Inherited, units: readonly string[]): void {
    const key = `${block.kind}/${block.name}`;
    if (this.#placed.has(key)) {
      this.#report.note(
        block.source,
        "placed_twice",
        `${key} is in the course twice; it becomes one item, at its first place.`,
      );
      return;
    }
    this.#placed.add(key);
    const id = this.#idOf(block);
    // A link to a unit leads to the unit's first item.
    for (const unit of units) if (!this.items.has(unit)) this.items.set(unit, id);
    section.leaves.push({ block, inherited });
  }

  #inherit(outer: Inherited, block: Block): Inherited {
    const start = instantField(block, "start");
    const title = block.kind === "vertical" ? [textField(block, "display_name") ?? ""] : [];
    return {
      start: start === null || (outer.start !== null && outer.start > start) ? outer.start : start,
      isHidden: outer.isHidden || isTrue(block, "visible_to_staff_only"),
      cohorts: [
        ...outer.cohorts,
        ...groupAccess(block).map(({ partition, groups }) => groups.map((group) => cohortOf(partition, group))),
      ],
      due: instantField(block, "due") ?? outer.due,
      titles: [...outer.titles, ...title],
    };
  }

  #chapter({ sequential, title, inherited, leaves }: Section): ImportedChapter {
    const id = this.#idOf(sequential);
    this.#report.items.push({ source: sequential.source, id, kind: "subsection", title });
    const gate = this.#prerequisite(sequential);
    const problems = leaves.map((leaf) => this.#problem(leaf));
    return {
      id,
      title: titleOf(title, sequential.name),
      kind: "subsection",
      rule: allOf([startOf(inherited), gate]),
      content: null,
      ...shownTo(inherited),
      ...this.#window(inherited),
      problems,
    };
  }

  #problem({ block, inherited }: Section["leaves"][number]): ImportedProblem {
    const id = this.#idOf(block);
    const name = textField(block, "display_name") ?? inherited.titles.findLast((one) => one !== "");
    const title = titleOf(name, block.name);
    const kind = block.kind === "html" ? "page" : kindOf(block);
    this.#report.items.push({ source: block.source, id, kind, title: title.en ?? "" });
    this.#gateOfPlace(block);
    const file = block.kind === "problem" ? this.#fileOf(block) : undefined;
    const written = file === undefined ? null : textOf(file);
    const asked =
      block.kind === "problem" ? this.#report.questions(questionsOf(block.element, written), this.#resolve) : null;
    const completion = COUNTED_NOWHERE.has(block.kind)
      ? undefined
      : (entryOf(COMPLETED_BY, block.kind) ?? { contribute: true as const });
    return {
      id,
      title,
      kind,
      rule: startOf(inherited),
      content: this.#text(block, asked?.question !== undefined),
      ...asked,
      ...(completion === undefined ? {} : { completion }),
      ...shownTo(inherited),
      ...this.#window(inherited),
    };
  }

  /** The gate of a block that is not a prerequisite: its start, and who sees it. */
  #gateOfPlace(block: Block): void {
    const { rule, verdicts, why } = placeOf(block);
    if (Object.keys(rule).length === 0) return;
    const start = instantField(block, "start");
    const mapped = start === null ? null : { hide: { from: clampedInstant(start) } };
    this.#report.gates.push({
      source: block.source,
      rule,
      mapped,
      verdict: worst(verdicts),
      why: why.join("; ") || null,
    });
  }

  /** The gate of a subsection, reported together with its start and who sees it. */
  #prerequisite(sequential: Block): ImportedRule | null {
    const place = placeOf(sequential);
    const required = textField(sequential, "required_content");
    if (required === null) {
      this.#gateOfPlace(sequential);
      return null;
    }
    const rule = {
      required_content: required,
      min_score: textField(sequential, "min_score"),
      min_completion: textField(sequential, "min_completion"),
      ...place.rule,
    };
    const { gate, verdict, why } = this.#isGating
      ? this.#required(sequential, required)
      : {
          gate: null,
          verdict: "exact" as const,
          why: "enable_subsection_gating is off, so Open edX uses no prerequisites",
        };
    const start = instantField(sequential, "start");
    const mapped = allOf([start === null ? null : { hide: { from: clampedInstant(start) } }, gate]);
    const reasons = [why, ...place.why].filter((one) => one !== null);
    const verdicts: Verdict[] = [verdict, ...place.verdicts];
    this.#report.gates.push({
      source: sequential.source,
      rule,
      mapped,
      verdict: worst(verdicts),
      why: reasons.join("; ") || null,
    });
    return gate;
  }

  #required(sequential: Block, required: string): { gate: ImportedRule | null; verdict: Verdict; why: string | null } {
    const name = /(?:^|\+block@)([^+@]+)$/.exec(required)?.[1] ?? required;
    const section = this.#sections.find((one) => one.sequential.name === name);
    if (section === undefined) {
      const why = `the course has no subsection ${name}: never met`;
      return { gate: { missing: { what: "item", name } }, verdict: "exact", why };
    }
    const [score, completion] = [minimumField(sequential, "min_score"), minimumField(sequential, "min_completion")];
    const scored = section.leaves.filter(({ block }) => SCORED.has(block.kind)).map(({ block }) => this.#idOf(block));
    const counted = section.leaves
      .filter(({ block }) => !COUNTED_NOWHERE.has(block.kind))
      .map(({ block }) => this.#idOf(block));
    const [only] = scored;
    const parts: ImportedRule[] = [];
    let why: string | null = null;
    if (score > 0 && only === undefined) {
      parts.push({ missing: { what: "grade", name } });
      why = `nothing in ${name} has a score: never met`;
    } else if (score > 0 && scored.length === 1 && only !== undefined)
      parts.push({ score: { item: only, min: score } });
    else if (score > 0) {
      parts.push({ average: { of: scored, min: score } });
      why = "its score is the mean of its problems; Open edX weighs them by their points";
    }
    if (completion > 0 && counted.length > 0) {
      // A list has a limit of items. For more, the rule asks for everything in the subsection.
      const of = counted.length > MAX_LIST ? this.#idOf(section.sequential) : counted;
      parts.push({ progress: { of, min_percent: completion } });
    }
    return { gate: allOf(parts), verdict: scored.length > 1 && score > 0 ? "approximated" : "exact", why };
  }

  #window({ due }: Inherited): { due?: string; closes?: string } {
    // In a self-paced course the dates count from the enrollment, and are not written into the document.
    if (due === null || this.#isSelfPaced) return {};
    const grace = graceOf(textField(this.#course, "graceperiod"));
    return { due: clampedInstant(due), closes: clampedInstant(due + grace) };
  }

  #fileOf(block: Block) {
    return this.#reader.find(`problem/${block.name.replaceAll(":", "/")}.xml`);
  }

  /** @param withOptions the options are in the question already. */
  #text(block: Block, withOptions: boolean): ImportedProblem["content"] {
    if (block.kind === "html") {
      const name = (textField(block, "filename") ?? block.name).replaceAll(":", "/");
      const file = this.#reader.find(`html/${name}.html`);
      if (file !== undefined) return this.#report.text(file.path, textOf(file), this.#resolve);
    }
    if (block.kind !== "problem") return null;
    const file = this.#fileOf(block);
    if (file === undefined) return null;
    const statement = statementOf(textOf(file));
    return this.#report.text(file.path, withOptions ? withoutOptions(statement) : statement, this.#resolve);
  }
}

/** A kind in the form of documents: `drag-and-drop-v2` becomes `drag_and_drop_v2`. */
function kindOf({ kind }: Block): string {
  const plain = kind
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, "_")
    .replace(/^[^a-z]+/, "");
  return plain.slice(0, MAX_KIND) || "block";
}

/** A text without its options. */
function withoutOptions(html: string): string {
  return html.replace(/<(choicegroup|checkboxgroup|optioninput)\b[\s\S]*?<\/\1>/g, "");
}

/** What a learner reads of a problem before solving it: without solutions, hints, answers and scripts. */
function statementOf(xml: string): string {
  return xml
    .replace(
      /<(solution|demandhint|script|answer|additional_answer|correcthint|choicehint|stringequalhint|compoundhint)\b[\s\S]*?<\/\1>/g,
      "",
    )
    .replace(/<(\/?)(?:choice|option|label)\b[^>]*>/g, "<$1p>");
}
