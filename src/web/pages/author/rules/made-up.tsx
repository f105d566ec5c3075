import { useEffect, useId, useMemo, useState } from "react";
import { useLanguage } from "../../../i18n/index.ts";
import { NumberInput } from "./inputs.tsx";
import { type Asked, askedBy, type Done, fitted, fiveLearners, type MadeUp, type Outcome } from "./learners.ts";
import { useRuleWords } from "./words/index.ts";

type OutcomesOf = typeof import("./engine.ts")["outcomesOf"];

/** The engine is loaded once, when somebody builds a rule. */
function useEngine(): { engine: OutcomesOf | null; isLost: boolean } {
  const [engine, setEngine] = useState<OutcomesOf | null>(null);
  const [isLost, setIsLost] = useState(false);
  useEffect(() => {
    let isOver = false;
    import("./engine.ts").then(
      ({ outcomesOf }) => {
        if (!isOver) setEngine(() => outcomesOf);
      },
      () => {
        if (!isOver) setIsLost(true);
      },
    );
    return () => {
      isOver = true;
    };
  }, []);
  return { engine, isLost };
}

/** Five invented learners, and whether the item is open to each. */
export function MadeUpLearners({ course, item, rule }: { course: unknown; item: string; rule: unknown }) {
  const words = useRuleWords().preview;
  const language = useLanguage();
  const { engine, isLost } = useEngine();
  const asked = useMemo(() => askedBy(course, item, rule, language), [course, item, rule, language]);
  const fresh = useMemo(() => fiveLearners(asked), [asked]);
  const [changed, setChanged] = useState<Record<number, MadeUp>>({});
  const learners = useMemo(
    () => fresh.map((each, index) => (changed[index] === undefined ? each : fitted(changed[index], each))),
    [fresh, changed],
  );
  const outcomes = useMemo(
    () => (engine === null ? undefined : engine(course, item, rule, learners, language)),
    [engine, course, item, rule, learners, language],
  );
  return (
    <section>
      <h3>{words.title}</h3>
      <p className="fine">{words.lead}</p>
      {isLost ? <p role="alert">{words.failed}</p> : null}
      {engine === null && !isLost ? <p className="fine">{words.loading}</p> : null}
      {outcomes === null ? <p role="status">{words.unreadable}</p> : null}
      {asked.more > 0 ? <p className="fine">{words.more(asked.more)}</p> : null}
      <ol className="made-up">
        {learners.map((learner, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the five are told apart by their number.
          <li key={index} data-learner={index + 1} data-outcome={outcomes?.[index]?.state}>
            <Learner
              name={words.learner(index + 1)}
              learner={learner}
              asked={asked}
              outcome={outcomes?.[index]}
              onChange={(next) => setChanged((before) => ({ ...before, [index]: next }))}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

const DONE: readonly Done[] = ["none", "viewed", "started", "failed", "passed"];

function Learner(props: {
  name: string;
  learner: MadeUp;
  asked: Asked;
  outcome: Outcome | undefined;
  onChange: (learner: MadeUp) => void;
}) {
  const { name, learner, asked, outcome, onChange } = props;
  const words = useRuleWords().preview;
  const id = useId();
  const set = (part: Partial<MadeUp>) => onChange({ ...learner, ...part });
  const said =
    outcome === undefined ? "" : { open: words.opens, locked: words.locked, hidden: words.hidden }[outcome.state];
  const asksNothing = asked.items.length + asked.cohorts.length + asked.fields.length + asked.courses.length === 0;
  return (
    <details>
      <summary>
        <strong>{name}</strong>{" "}
        <span className={`rule-outcome is-${outcome?.state ?? "none"}`}>
          <span aria-hidden="true">{outcome?.state === "open" ? "✓ " : outcome === undefined ? "" : "✗ "}</span>
          {said}
        </span>
        {outcome === undefined || outcome.why === "" ? null : <span className="fine">{outcome.why}</span>}
      </summary>
      {asksNothing && !asked.asksTime ? <p className="fine">{words.nothing}</p> : null}
      {asked.items.map(({ id: item, title }) => {
        const did = learner.items[item] ?? { done: "none", score: null };
        const change = (next: Partial<typeof did>) => set({ items: { ...learner.items, [item]: { ...did, ...next } } });
        return (
          <div key={item} className="made-up-line">
            <span>{title}</span>
            <select
              aria-label={words.stateOf(title)}
              value={did.done}
              onChange={(event) => change({ done: DONE.find((each) => each === event.target.value) ?? "none" })}
            >
              {DONE.map((each) => (
                <option key={each} value={each}>
                  {words.states[each]}
                </option>
              ))}
            </select>
            {did.done === "none" || did.done === "viewed" ? null : (
              <NumberInput
                label={words.scoreOf(title)}
                value={did.score ?? undefined}
                min={0}
                max={100}
                isOptional
                onChange={(score) => change({ score: score ?? null })}
              />
            )}
          </div>
        );
      })}
      {asked.cohorts.map((cohort) => (
        <Check
          key={cohort}
          label={words.inCohort(cohort)}
          isOn={learner.cohorts.includes(cohort)}
          onChange={(isOn) => set({ cohorts: toggled(learner.cohorts, cohort, isOn) })}
        />
      ))}
      {asked.courses.map((slug) => (
        <Check
          key={slug}
          label={words.courseDone(slug)}
          isOn={learner.courses.includes(slug)}
          onChange={(isOn) => set({ courses: toggled(learner.courses, slug, isOn) })}
        />
      ))}
      {asked.fields.map((field) => (
        <label key={field} className="made-up-line">
          <span>{words.fieldOf(field)}</span>
          <input
            value={learner.profile[field] ?? ""}
            onChange={(event) => set({ profile: { ...learner.profile, [field]: event.target.value } })}
          />
        </label>
      ))}
      {asked.asksTime ? (
        <>
          <label className="made-up-line">
            <span>{words.now}</span>
            <input
              type="datetime-local"
              value={learner.now}
              aria-describedby={`${id}-now`}
              onChange={(event) => set({ now: event.target.value })}
            />
          </label>
          <p className="fine" id={`${id}-now`}>
            {words.nowHint}
          </p>
          <div className="made-up-line">
            <span>{words.enrolled}</span>
            <NumberInput
              label={words.enrolled}
              value={learner.enrolledDays}
              min={0}
              max={3_650}
              onChange={(days) => set({ enrolledDays: days ?? 0, doneDays: Math.min(learner.doneDays, days ?? 0) })}
            />
          </div>
        </>
      ) : null}
    </details>
  );
}

const toggled = (list: readonly string[], name: string, isOn: boolean) =>
  isOn ? [...list, name] : list.filter((each) => each !== name);

function Check({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="rule-check">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}
