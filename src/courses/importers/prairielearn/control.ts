import { allOf, anyOf, type ImportedRule } from "../document.ts";
import { hashOf } from "../ids.ts";
import { type Verdict, worst } from "../report.ts";
import { instantIn } from "./clock.ts";
import type { ControlRule } from "./schemas.ts";

/** At most this many overrides are combined exactly, because each doubles the number of cases. */
const MAX_COMBINED = 4;
/** The limit of cohorts in one set of a rule here. */
const MAX_SET = 100;
/** Longest part of a label in the name of its cohort. */
const MAX_LABEL = 40;

/** When an assessment opens by its `accessControl`, and until when it accepts work. */
export interface MappedControl {
  rule: ImportedRule;
  due?: string;
  closes?: string;
  /** One for each rule of the source, in its order. */
  gates: { rule: object; mapped: ImportedRule | null; verdict: Verdict; why: string | null }[];
  /** The names of its labels, by the cohort for each. */
  cohorts: ReadonlyMap<string, string>;
}

type Note = [Verdict, string];

/** The settings for one learner from the defaults and the overrides. Instants are RFC 3339. */
interface Access {
  /** Null lets nobody in. */
  release: string | null;
  due: string | null;
  /** When submissions end; null: never. */
  end: string | null;
  /** When questions can be read again after the end; null: never. */
  review: { from: string; until: string | null } | null;
}

/** The cohort for a label; different labels give different cohorts. */
export function cohortOfLabel(label: string): string {
  const plain = label
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[-_]+|[-_]+$/g, "");
  const isPlain = plain === label && plain.length <= MAX_LABEL;
  return isPlain ? `label-${plain}` : `label-${plain.slice(0, MAX_LABEL)}-${hashOf(label)}`;
}

/**
 * Maps the `accessControl` of an assessment. The first rule is for everybody. Each later rule replaces single fields
 * for learners with one of its labels, and the last one wins. Source: PrairieLearn's documentation and schema, 2026.
 * @param zone time zone of its dates.
 */
export function mapAccessControl(rules: readonly ControlRule[], zone: string): MappedControl {
  const [defaults = {}, ...others] = rules;
  const overrides = others.filter(({ labels }) => labels != null && labels.length > 0);
  const isCombined = overrides.length <= MAX_COMBINED;
  const cases = casesOf(overrides, isCombined).map(({ when, applied }) => ({
    when,
    access: accessOf([defaults, ...applied], zone),
  }));
  const isListed = defaults.beforeRelease?.listed === true;
  const opens = oneOf(cases.map(({ when, access }) => limited(when, openBy(access))));
  const seen = oneOf(cases.map(({ when, access }) => limited(when, releasedBy(access))));
  const rule = isListed ? opens : (allOf([{ hide: seen }, opens]) ?? opens);

  const { due } = accessOf([defaults], zone);
  const ends = new Set(cases.flatMap(({ access }) => (access.review === null ? [] : [access.end])));
  const closes = latest([...ends]);
  const shared: Note[] = [];
  if (ends.size > 1) {
    const when = closes === null ? "work is taken without end" : "the latest deadline is everybody's";
    shared.push(["approximated", `overrides move the last deadline of work that stays readable; ${when}`]);
  }
  if (cases.some(({ access }) => access.due !== due))
    shared.push(["approximated", "everybody sees the due date of the first rule"]);
  return {
    rule,
    ...(due === null ? {} : { due }),
    ...(closes === null ? {} : { closes }),
    gates: rules.map((one, at) => {
      const notes = [...notesOf(one, zone), ...(at === 0 ? shared : notesOfOverride(one, isCombined))];
      const mapped = at === 0 || overrides.includes(one) ? rule : null;
      const why = notes.map(([, note]) => note).join("; ") || null;
      return { rule: withoutPassword(one), mapped, verdict: worst(notes.map(([verdict]) => verdict)), why };
    }),
    cohorts: new Map(overrides.flatMap(({ labels }) => (labels ?? []).map((label) => [cohortOfLabel(label), label]))),
  };
}

/** Which overrides apply to whom: every combination. If there are too many, only the last override for a learner. */
function casesOf(
  overrides: readonly ControlRule[],
  isCombined: boolean,
): { when: ImportedRule | null; applied: ControlRule[] }[] {
  const labelsFrom = (at: number) => overrides.slice(at).flatMap(({ labels }) => labels ?? []);
  if (!isCombined) {
    const last = overrides.map((override, at) => {
      const later = labelsFrom(at + 1);
      const own = hasLabel(override.labels ?? []);
      return { when: later.length === 0 ? own : allOf([own, { not: hasLabel(later) }]), applied: [override] };
    });
    return [{ when: { not: hasLabel(labelsFrom(0)) }, applied: [] }, ...last];
  }
  return Array.from({ length: 2 ** overrides.length }, (_, bits) => {
    const applied = overrides.filter((_one, at) => (bits & (1 << at)) !== 0);
    const when = overrides.map((one) => {
      const has = hasLabel(one.labels ?? []);
      return applied.includes(one) ? has : { not: has };
    });
    return { when: allOf(when), applied };
  });
}

function hasLabel(labels: readonly string[]): ImportedRule {
  const cohorts = [...new Set(labels.map(cohortOfLabel))];
  const sets = Array.from({ length: Math.ceil(cohorts.length / MAX_SET) }, (_, i) => ({
    cohort: { any_of: cohorts.slice(i * MAX_SET, (i + 1) * MAX_SET) },
  }));
  return anyOf(sets) ?? { missing: { what: "cohort", name: "no label" } };
}

/** The rule for learners for whom `when` is true. */
function limited(when: ImportedRule | null, rule: ImportedRule | null): ImportedRule | null {
  return rule === null ? null : (allOf([when, rule]) ?? rule);
}

/** One of these; if there is none, nobody. */
function oneOf(rules: readonly (ImportedRule | null)[]): ImportedRule {
  const known = rules.filter((rule) => rule !== null);
  return anyOf(known) ?? { missing: { what: "condition", name: "no rule lets anybody in" } };
}

/** When it can be opened; null: never. */
function openBy({ release, end, review }: Access): ImportedRule | null {
  if (release === null) return null;
  if (end === null || (review?.from === end && review.until === null)) return { from: release };
  const working = { all: [{ from: release }, { until: end }] };
  if (review === null) return working;
  return {
    any: [working, allOf([{ from: review.from }, review.until === null ? null : { until: review.until }]) ?? working],
  };
}

/** From when it is visible; null: never. */
function releasedBy({ release }: Access): ImportedRule | null {
  return release === null ? null : { from: release };
}

/** The fields of a later rule replace those of earlier ones; `due` is replaced as a whole. */
function accessOf(rules: readonly ControlRule[], zone: string): Access {
  let control: NonNullable<ControlRule["dateControl"]> = {};
  let after: NonNullable<ControlRule["afterComplete"]> = {};
  for (const { dateControl, afterComplete } of rules) {
    control = { ...control, ...dateControl };
    after = { ...after, ...afterComplete };
  }
  const instant = (text: string | null | undefined) => (text == null ? null : instantIn(zone, text));
  const release = instant(control.release?.date);
  const due = instant(control.due?.date);
  const nobody = { release: null, due, end: null, review: null };
  // A password or an exam of PrairieTest is not known here.
  if (release === null || control.password != null) return nobody;
  if (due !== null && due <= release) return nobody;
  const early = (control.earlyDeadlines ?? []).flatMap(({ date }) => instant(date) ?? []);
  const late = (control.lateDeadlines ?? []).flatMap(({ date }) => instant(date) ?? []);
  const deadlines = [
    ...early.filter((date) => date > release && (due === null || date <= due)),
    ...(due === null ? [] : [due]),
    ...late.filter((date) => date > release && (due === null || date >= due)),
  ];
  const hasNoDue = control.due != null && control.due.date === null;
  const isOpenEnded = hasNoDue || deadlines.length === 0 || control.afterLastDeadline?.allowSubmissions === true;
  const end = isOpenEnded ? null : latest(deadlines);
  if (end === null) return { release, due, end, review: null };
  // Questions are hidden after the end unless the file says otherwise, and always if the score is hidden.
  const { questions, score } = after;
  const shown = [shownFrom(end, questions?.hidden ?? true, instant(questions?.visibleFromDate))];
  shown.push(shownFrom(end, score?.hidden ?? false, instant(score?.visibleFromDate)));
  if (shown.includes(null)) return { release, due, end, review: null };
  const until = questions?.hidden === false ? null : instant(questions?.visibleUntilDate);
  return { release, due, end, review: { from: latest(shown) ?? end, until } };
}

/** From when something is shown after the end; null: never. */
function shownFrom(end: string, isHidden: boolean, visibleFrom: string | null): string | null {
  if (!isHidden) return end;
  return visibleFrom === null || visibleFrom > end ? visibleFrom : end;
}

/** The latest; null if one is null, or there are none. */
function latest(instants: readonly (string | null)[]): string | null {
  let last: string | null = null;
  for (const one of instants) {
    if (one === null) return null;
    if (last === null || one > last) last = one;
  }
  return last;
}

function notesOf({ dateControl, integrations, afterComplete }: ControlRule, zone: string): Note[] {
  const notes: Note[] = [];
  const { release, due, earlyDeadlines, lateDeadlines, afterLastDeadline } = dateControl ?? {};
  const deadlines = [...(earlyDeadlines ?? []), ...(lateDeadlines ?? [])];
  const { questions, score } = afterComplete ?? {};
  const dates = [release?.date, due?.date, ...deadlines.map(({ date }) => date)];
  for (const date of [...dates, questions?.visibleFromDate, questions?.visibleUntilDate, score?.visibleFromDate]) {
    if (date != null && instantIn(zone, date) === null)
      notes.push(["unmapped", `${JSON.stringify(date)} is not a date, and is not used`]);
  }
  if (dateControl?.password != null)
    notes.push(["unmapped", "it asks for a password, which Latchkey does not support: it lets nobody in"]);
  if ((integrations?.prairieTest?.exams ?? []).length > 0)
    notes.push(["unmapped", "an exam of PrairieTest opens nothing here; only the dates do"]);
  const credits = [due?.credit, ...deadlines.map(({ credit }) => credit), afterLastDeadline?.credit];
  if (credits.some((credit) => credit != null && credit !== 100))
    notes.push(["approximated", "scores count in full, where PrairieLearn changes the credit with the date"]);
  if (dateControl?.durationMinutes != null)
    notes.push(["approximated", `the limit of ${dateControl.durationMinutes} minutes is not imported`]);
  if (score?.hidden === true)
    notes.push(["approximated", "scores are shown, where PrairieLearn hides them after the end"]);
  return notes;
}

function notesOfOverride({ labels }: ControlRule, isCombined: boolean): Note[] {
  if (labels == null)
    return [["unmapped", "it is for single learners, whom the file does not name; extend their dates here"]];
  if (labels.length === 0) return [["exact", "it has no label, so it is for nobody"]];
  const cohorts = `its labels become the cohorts ${[...new Set(labels.map(cohortOfLabel))].join(", ")}; the file does not name their people`;
  if (isCombined) return [["exact", cohorts]];
  return [["approximated", `${cohorts}; a learner with several labels has the last override alone`]];
}

/** The rule as the file writes it, without its password. */
function withoutPassword(control: ControlRule): object {
  if (control.dateControl?.password == null) return control;
  return { ...control, dateControl: { ...control.dateControl, password: "set" } };
}
