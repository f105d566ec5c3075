import { useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { WarnIcon } from "../../../parts/icons.tsx";
import type { ItemFinding } from "./place-findings.ts";

/** The findings of a field, below it; above a form, those without a field there are named. */
export function FieldFindings({ findings, isNamed = false }: { findings: readonly ItemFinding[]; isNamed?: boolean }) {
  const text = useStudioText();
  if (findings.length === 0) return null;
  return (
    <ul className="studio-findings">
      {findings.map((finding) => (
        <li
          key={`${finding.field} ${finding.rule} ${finding.message}`}
          className={finding.isError ? "is-bad" : undefined}
        >
          <WarnIcon />
          {isNamed && finding.field !== "" ? <strong>{text.fieldName(finding.field)}</strong> : null}
          <FindingText finding={finding} />
        </li>
      ))}
    </ul>
  );
}

/** A finding in the reader's language: the name of its rule, then the server's sentence. */
export function FindingText({ finding: { rule, message } }: { finding: ItemFinding }) {
  const messages = useMessages();
  const name = messages.ruleName(rule);
  if (name === null) return <span>{message}</span>;
  return (
    <span>
      <strong>{name}</strong>{" "}
      <span className="fine" lang="en">
        {message}
      </span>
    </span>
  );
}
