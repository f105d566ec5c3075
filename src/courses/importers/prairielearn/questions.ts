import { allOf, anyOf, type ImportedProblem, type ImportedRule, titleOf } from "../document.ts";
import type { ItemIds } from "../ids.ts";
import type { ReportBuilder } from "../report.ts";
import type { Assessment, Question, Zone } from "./schemas.ts";
import type { QuestionTexts } from "./texts.ts";

const ATTEMPTS = "in PrairieLearn, a question without attempts left also opens the next one; in Latchkey it does not";

/** The questions of one assessment, in the order of its zones. */
export class AssessmentQuestions {
  readonly #assessment: Assessment;
  readonly #source: string;
  readonly #nameOf: (question: string) => string;
  readonly #titles: ReadonlyMap<string, string>;
  readonly #asked: (question: string) => ReturnType<QuestionTexts["of"]>;
  readonly #ids: ItemIds;
  readonly #report: ReportBuilder;
  /** How often each question appeared. */
  readonly #seen = new Map<string, number>();
  /** What each question requires before the questions after it. */
  readonly #locks: ImportedRule[] = [];

  constructor(
    assessment: Assessment,
    source: string,
    {
      nameOf,
      titles,
      asked,
      ids,
      report,
    }: {
      nameOf: (question: string) => string;
      titles: ReadonlyMap<string, string>;
      asked: (question: string) => ReturnType<QuestionTexts["of"]>;
      ids: ItemIds;
      report: ReportBuilder;
    },
  ) {
    this.#assessment = assessment;
    this.#source = source;
    this.#nameOf = nameOf;
    this.#titles = titles;
    this.#asked = asked;
    this.#ids = ids;
    this.#report = report;
  }

  problems(): ImportedProblem[] {
    const zones = this.#assessment.zones ?? [];
    const first = this.#locks.length;
    const problems = zones.flatMap((zone, at) => this.#zone(zone, `${this.#source}: zones[${at}]`));
    this.#gate(this.#assessment.advanceScorePerc, this.#source, first);
    return problems;
  }

  #zone(zone: Zone, place: string): ImportedProblem[] {
    this.#report.element("zone");
    if (zone.lockpoint === true) {
      const why = "a lockpoint closes earlier questions when the learner continues; Latchkey has no such rule";
      this.#report.gates.push({ source: place, rule: { lockpoint: true }, mapped: null, verdict: "unmapped", why });
    }
    for (const setting of ["numberChoose", "bestQuestions"] as const) {
      if (zone[setting] != null)
        this.#report.leaveOut(`zones with ${setting}`, "all questions are imported, and each counts");
    }
    const first = this.#locks.length;
    const problems = zone.questions.flatMap((question, at) =>
      this.#question(question, zone, `${place}.questions[${at}]`),
    );
    this.#gate(zone.advanceScorePerc, place, first);
    return problems;
  }

  #question(question: Question, zone: Zone, place: string): ImportedProblem[] {
    const alternatives =
      question.alternatives ??
      (question.id == null ? [] : [{ id: question.id, advanceScorePerc: question.advanceScorePerc }]);
    if ((question.alternatives ?? []).length > (question.numberChoose ?? 1)) {
      this.#report.leaveOut("choices among alternative questions", "all alternatives are imported");
    }
    const rule = this.#isShuffled() ? null : allOf(this.#locks);
    const problems = alternatives.map(({ id }) => this.#problem(id, rule, place));
    const first = this.#locks.length;
    const percents = alternatives.map(
      (one) =>
        one.advanceScorePerc ??
        question.advanceScorePerc ??
        zone.advanceScorePerc ??
        this.#assessment.advanceScorePerc ??
        0,
    );
    const asked = alternatives.flatMap(({ id }, i): ImportedRule[] => {
      const min = percents[i] ?? 0;
      return min > 0 ? [{ score: { item: this.#ids.of(this.#nameOf(id)), min: Math.min(100, min) } }] : [];
    });
    const lock = anyOf(asked);
    if (lock !== null) this.#locks.push(lock);
    for (const own of [question, ...(question.alternatives ?? [])]) this.#gate(own.advanceScorePerc, place, first);
    return problems;
  }

  #problem(question: string, rule: ImportedRule | null, place: string): ImportedProblem {
    this.#report.element("question");
    const times = (this.#seen.get(question) ?? 0) + 1;
    this.#seen.set(question, times);
    const name = this.#nameOf(question);
    const id = this.#ids.of(times === 1 ? name : `${name}#${times}`);
    const known = this.#titles.get(question);
    if (known === undefined) {
      const isForeign = question.startsWith("@");
      const why = isForeign ? "belongs to another course" : "is not in the file";
      this.#report.note(place, isForeign ? "foreign_question" : "missing_question", `The question ${question} ${why}.`);
    }
    const title = titleOf(known, question);
    this.#report.items.push({ source: place, id, kind: "problem", title: title.en ?? "" });
    const { questions, html } = this.#asked(question);
    const found = this.#report.questions(questions);
    const content = html === "" ? null : this.#report.text(place, html);
    return { id, title, kind: "problem", rule, content, ...found, completion: { submit: true } };
  }

  /** @param first of the locks that this setting, or a setting inside it, made. */
  #gate(percent: number | null | undefined, source: string, first: number): void {
    if (percent == null) return;
    const isShuffled = this.#isShuffled();
    const mapped = isShuffled ? null : allOf(this.#locks.slice(first));
    const why = isShuffled
      ? "the order of the questions is random for each learner"
      : mapped === null
        ? "0 locks nothing"
        : ATTEMPTS;
    const verdict = isShuffled ? "unmapped" : mapped === null ? "exact" : "approximated";
    this.#report.gates.push({ source, rule: { advanceScorePerc: percent }, mapped, verdict, why });
  }

  /** Exams use a random order if they do not say otherwise. */
  #isShuffled(): boolean {
    return this.#assessment.shuffleQuestions ?? this.#assessment.type === "Exam";
  }
}
