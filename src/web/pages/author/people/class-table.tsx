import { Link } from "wouter";
import type { PredictionPage } from "../../../api/types.ts";
import { formatInstant, type Messages, useLanguage, useMessages } from "../../../i18n/index.ts";
import { type PeopleText, usePeopleText } from "../../../i18n/people.ts";
import { StateIcon, WarnIcon } from "../../../parts/icons.tsx";
import { stateWord } from "../../../parts/state.tsx";
import type { ClassPage } from "./api.ts";

type Row = ClassPage["results"][number];
type Item = ClassPage["items"][number];
type State = Row["states"][number];

/**
 * Learners by items. The name and the head stay visible; a state has a colour, a sign and, for screen readers, a word.
 */
export function ClassTable(props: {
  course: string;
  items: readonly Item[];
  rows: readonly Row[];
  risks: PredictionPage["results"];
  /** The selected learners, and a function that changes them; null if nobody may be selected. */
  chosen: ReadonlySet<string>;
  choose: ((chosen: ReadonlySet<string>) => void) | null;
}) {
  const { course, items, rows, risks, chosen, choose } = props;
  const text = usePeopleText();
  const messages = useMessages();
  const language = useLanguage();
  const isAll = rows.every(({ user_id }) => chosen.has(user_id));
  const riskOf = new Map(risks.map((risk) => [risk.user_id, risk]));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="class-scroll" tabIndex={0} aria-label={text.classView}>
      <table className="class-table">
        <thead>
          <tr>
            {choose === null ? null : (
              <th scope="col" className="pick">
                <input
                  type="checkbox"
                  aria-label={text.selectAll}
                  checked={isAll}
                  onChange={() => choose(isAll ? new Set() : new Set(rows.map(({ user_id }) => user_id)))}
                />
              </th>
            )}
            <th scope="col" className="class-name">
              {text.learner}
            </th>
            <th scope="col">{text.completed}</th>
            <th scope="col">{text.lastActive}</th>
            <th scope="col">{text.atRisk}</th>
            {items.map(({ id, title, kind }) => (
              <th
                key={id}
                scope="col"
                className={kind === "chapter" ? "class-item is-chapter" : "class-item"}
                title={title}
              >
                <span>{title}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ user_id, name, completed_count, last_active_at, states, scores }) => {
            const risk = riskOf.get(user_id);
            return (
              <tr key={user_id}>
                {choose === null ? null : (
                  <td className="pick">
                    <input
                      type="checkbox"
                      aria-label={text.select(name ?? user_id)}
                      checked={chosen.has(user_id)}
                      onChange={() => choose(chosen.symmetricDifference(new Set([user_id])))}
                    />
                  </td>
                )}
                <th scope="row" className="class-name">
                  <Link href={`/author/${course}/people/${encodeURIComponent(user_id)}`}>{name ?? user_id}</Link>
                </th>
                <td className="number">{completed_count}</td>
                <td className="class-when">
                  {last_active_at === null ? text.never : formatInstant(last_active_at, language)}
                </td>
                <td>
                  {risk === undefined ? (
                    <span className="fine">{text.noRisk}</span>
                  ) : (
                    <span className="class-risk" title={text.atRiskWhy(risk.summary)}>
                      <WarnIcon />
                      {Math.round(risk.probability_of_passing * 100)} %
                      <span className="visually-hidden">{risk.summary}</span>
                    </span>
                  )}
                </td>
                {items.map(({ id }, at) => (
                  <Cell
                    key={id}
                    state={states[at] ?? "hidden"}
                    score={scores[at] ?? null}
                    text={text}
                    messages={messages}
                  />
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Cell(props: { state: State; score: number | null; text: PeopleText; messages: Messages }) {
  const { state, score, text, messages } = props;
  return (
    <td className={`class-cell is-${state}`}>
      {state === "hidden" ? <span className="fine">–</span> : <StateIcon state={state} />}
      <span className="visually-hidden">{state === "hidden" ? text.hidden : stateWord(state, messages)}</span>
      {score === null ? null : <span className="class-score">{Math.round(score)}</span>}
    </td>
  );
}
