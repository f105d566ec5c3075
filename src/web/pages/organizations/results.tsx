import { useId } from "react";
import { useMessages } from "../../i18n/index.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { FaultNote } from "../../parts/fault.tsx";
import type { Acted } from "./api.ts";

/** What became of each person who was acted on. */
export function Results(props: {
  acted: Acted | undefined;
  names: ReadonlyMap<string, string>;
  isBusy: boolean;
  clear: () => void;
}) {
  const { acted, names, isBusy, clear } = props;
  const text = useOrganizationText();
  const messages = useMessages();
  const id = useId();
  return (
    <div className="act-results">
      <div role="status">
        {isBusy ? <p>{messages.working}</p> : null}
        {acted === undefined || acted.results.length === 0 ? null : (
          <>
            <p id={id}>
              <strong>{text.results}</strong>{" "}
              <button type="button" className="button is-small" onClick={clear}>
                {text.clear}
              </button>
            </p>
            <ul aria-labelledby={id}>
              {acted.results.map(({ index, who, outcome, errors = [] }) => (
                <li key={`${who} ${index}`}>
                  {names.get(who) ?? who}: {text.outcomes[outcome]}
                  {errors.map(({ rule, message }) => (
                    <span key={rule} className="fine">
                      {" "}
                      {text.why(rule, message)}
                    </span>
                  ))}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      {acted !== undefined && acted.fault !== null ? <FaultNote fault={acted.fault} /> : null}
    </div>
  );
}
