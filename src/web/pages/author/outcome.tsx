import { useMessages } from "../../i18n/index.ts";
import { WarnIcon } from "../../parts/icons.tsx";
import type { PlacedFinding } from "./findings.ts";
import type { Outcome } from "./publish.ts";

interface OutcomeProps {
  outcome: Outcome;
  reveal: (start: number, end: number) => void;
}

/** The server's answer to a draft. */
export function OutcomeNote({ outcome, reveal }: OutcomeProps) {
  const messages = useMessages();
  if (outcome.kind === "refused") {
    return (
      <div className="note is-bad" data-outcome="refused">
        <WarnIcon />
        <div>
          <strong>{messages.errorsFound(outcome.errors.length)}</strong>
          <Findings findings={outcome.errors} reveal={reveal} />
        </div>
      </div>
    );
  }
  return (
    <div className="note is-good" data-outcome={outcome.kind}>
      <div>
        {outcome.kind === "impact" ? (
          <ImpactTable impact={outcome.impact} />
        ) : (
          <>
            <strong>
              {outcome.published.created
                ? messages.publishedAs(outcome.published.version)
                : messages.publishedSame(outcome.published.version)}
            </strong>
            <p>{messages.size(outcome.published.chapters, outcome.published.problems)}</p>
          </>
        )}
        {outcome.warnings.length === 0 ? null : (
          <>
            <h3>{messages.warnings}</h3>
            <Findings findings={outcome.warnings} reveal={reveal} />
          </>
        )}
      </div>
    </div>
  );
}

function Findings({ findings, reveal }: { findings: readonly PlacedFinding[]; reveal: OutcomeProps["reveal"] }) {
  const messages = useMessages();
  return (
    <ul className="findings">
      {findings.map(({ message, path, rule, at }) => (
        <li key={`${path} ${message}`}>
          {at === null ? (
            <span className="finding-place">{messages.errorNowhere}</span>
          ) : (
            <button type="button" className="link finding-place" onClick={() => reveal(at.start, at.end)}>
              {messages.errorAt(at.line, at.column)}
            </button>
          )}{" "}
          {path === "" ? null : <code>{path}</code>} <Said name={messages.ruleName(rule)} text={message} />
        </li>
      ))}
    </ul>
  );
}

/** The server's sentence, after the name of the rule if the reader's language is not the server's. */
function Said({ name, text }: { name: string | null; text: string }) {
  if (name === null || text === "") return text;
  return (
    <>
      <strong>{name}</strong>{" "}
      <span className="fine" lang="en">
        {text}
      </span>
    </>
  );
}

function ImpactTable({ impact }: { impact: (Outcome & { kind: "impact" })["impact"] }) {
  const messages = useMessages();
  const { enrollments, evaluated, gaining, losing, items } = impact.impact;
  return (
    <>
      <strong>{messages.impact}</strong>
      <p>
        {messages.size(impact.chapters, impact.problems)}. {messages.impactEnrollments(evaluated, enrollments)}.
      </p>
      {items.length === 0 ? (
        <p>{messages.noChange}</p>
      ) : (
        <>
          <p>
            {messages.gaining(gaining)}, {messages.losing(losing)}.
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
          <section className="table-scroll" tabIndex={0} aria-label={messages.impact}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{messages.item}</th>
                  <th scope="col" className="number">
                    {messages.gain}
                  </th>
                  <th scope="col" className="number">
                    {messages.lose}
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map(({ item, gain, lose }) => (
                  <tr key={item}>
                    <td>
                      <code>{item}</code>
                    </td>
                    <td className="number">{gain === 0 ? "–" : `+${gain}`}</td>
                    <td className="number">{lose === 0 ? "–" : `−${lose}`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </>
  );
}
