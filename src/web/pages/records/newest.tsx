import type { XapiStore } from "../../api/types.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useRecordsText } from "../../i18n/records.ts";
import { Table } from "../operator/section.tsx";

/** The last statements of one store, each with what became of its fact. */
export function NewestStatements({ label, newest }: { label: string; newest: XapiStore["newest"] }) {
  const text = useRecordsText();
  const language = useLanguage();
  if (newest.length === 0) return <p>{text.nothing}</p>;
  return (
    <Table label={label} head={[text.stored, text.verb, text.activity, text.fact]}>
      {newest.map(({ id, stored_at, verb, activity, fact, voided }) => (
        <tr key={id} data-statement={id}>
          <td>{formatInstant(stored_at, language)}</td>
          <td>{verb}</td>
          <td>{activity}</td>
          <td>
            {text.outcomeOf(fact)}
            {voided ? ` (${text.voided})` : ""}
          </td>
        </tr>
      ))}
    </Table>
  );
}
