import { Link } from "wouter";
import type { Explanation, ProblemRow, Reason, Step } from "../api/types.ts";
import { shortName } from "../api/types.ts";
import { formatInstant, type Messages, useLanguage, useMessages } from "../i18n/index.ts";
import type { Language } from "../lib/preferences.ts";
import { ArrowIcon } from "./icons.tsx";

/** What is known of a lock; an explanation and a refusal both carry it. */
export type Lock = Pick<Explanation, "reasons" | "to_unlock" | "do_next"> & Partial<Pick<Explanation, "conditions">>;

/** A lock, explained: the sentence, what is missing, and what one can do about it right now. */
export function Why(props: {
  course: string;
  lock: Lock;
  sentence: string;
  /** Which ids are problems; everything else is a chapter. */
  problems: readonly ProblemRow[];
  level?: 2 | 3;
}) {
  const { course, lock, sentence, problems, level = 2 } = props;
  const messages = useMessages();
  const language = useLanguage();
  const Heading = level === 2 ? "h2" : "h3";
  // What one can do comes before what one can only wait for.
  const steps = (lock.do_next.length > 0 ? lock.do_next : (lock.to_unlock ?? [])).toSorted(
    (a, b) => Number(a.action === "wait") - Number(b.action === "wait"),
  );
  const met = (lock.conditions ?? []).filter((condition) => condition.met);
  return (
    <div className="why">
      <Heading>{messages.whyLocked}</Heading>
      <p className="why-sentence">{sentence}</p>
      {lock.reasons.length < 2 ? null : (
        <ul className="reasons" aria-label={messages.waitsFor}>
          {lock.reasons.map((reason) => (
            <li key={`${reason.code} ${reason.item ?? ""} ${reason.available_at ?? ""}`}>
              {reasonText(reason, messages, language)}
            </li>
          ))}
        </ul>
      )}
      {met.length === 0 ? null : (
        <>
          <Heading>{messages.alreadyMet}</Heading>
          <ul className="reasons" aria-label={messages.alreadyMet}>
            {met.map(({ text }) => (
              <li key={text.en}>{text[language]}</li>
            ))}
          </ul>
        </>
      )}
      <Heading>{lock.do_next.length > 0 ? messages.doNow : messages.whatOpens}</Heading>
      {lock.to_unlock === null ? (
        <p>{messages.nothingOpens}</p>
      ) : (
        <ul className="steps">
          {steps.map((step) => (
            <li key={`${step.action} ${step.item ?? step.until ?? ""}`}>
              {step.item === undefined ? (
                <span className="step">{stepText(step, messages, language)}</span>
              ) : (
                <Link className="step" href={itemPath(course, step.item, problems)}>
                  <span>{stepText(step, messages, language)}</span>
                  <ArrowIcon />
                </Link>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The address of an item's own page. */
export function itemPath(course: string, item: string, problems: readonly { id: string }[]): string {
  const kind = problems.some((problem) => problem.id === item) ? "problems" : "chapters";
  return `/courses/${course}/${kind}/${shortName(item)}`;
}

function stepText(step: Step, messages: Messages, language: Language): string {
  const title = step.title ?? messages.somethingHidden;
  if (step.action === "wait")
    return messages.step.wait(step.until === undefined ? "" : formatInstant(step.until, language));
  if (step.action === "complete_course") return messages.step.complete_course(step.course ?? "");
  if (step.min_points !== undefined) return messages.step.points(title, step.min_points);
  if (step.action === "score") return messages.step.score(title, step.min_score ?? 0, step.below_score);
  return messages.step[step.action](title);
}

function reasonText(reason: Reason, messages: Messages, language: Language): string {
  const title = reason.title ?? messages.somethingHidden;
  const instant = reason.available_at ?? (typeof reason.required === "string" ? reason.required : null);
  const when = instant === null || Number.isNaN(Date.parse(instant)) ? "" : formatInstant(instant, language);
  const required = String(reason.required ?? "");
  const actual = String(reason.actual ?? "");
  switch (reason.code) {
    case "score_too_low":
      if (typeof reason.actual !== "number") return messages.reason.score_missing(title, required);
      return messages.reason.score_too_low(title, required, actual);
    case "progress_too_low":
      return messages.reason.progress_too_low(title, required, actual);
    case "opens_later":
    case "closed":
    case "enrolled_too_recently":
      return messages.reason[reason.code](when);
    case "waiting_period":
      return messages.reason.waiting_period(title, when);
    case "not_in_cohort":
      return messages.reason.not_in_cohort(required);
    case "locked_by_staff":
      return messages.reason.locked_by_staff;
    case "paused":
      return messages.reason.paused(when, reason.note ?? "");
    default:
      return messages.reason[reason.code](title);
  }
}
