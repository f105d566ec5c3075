import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { allPages } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { XapiStore, XapiStoreSummary } from "../../api/types.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useRecordsText } from "../../i18n/records.ts";
import { NewestStatements } from "../records/newest.tsx";
import { Section, Table } from "./section.tsx";

/** The stores of learning records: whether statements arrive, and why one was refused. */
export function LearningRecords() {
  const text = useRecordsText();
  const language = useLanguage();
  const [shown, setShown] = useState<string | null>(null);
  const stores = useQuery({
    queryKey: ["operator", "records"],
    queryFn: () => allPages<XapiStoreSummary>("/system/xapi"),
  });
  const when = (instant: string | null) => (instant === null ? text.never : formatInstant(instant, language));
  return (
    <>
      <Section title={text.title} lead={text.lead} query={stores}>
        {(rows) =>
          rows.length === 0 ? (
            <p>{text.none}</p>
          ) : (
            <Table
              label={text.title}
              head={[text.course, text.state, text.statements, text.stored, text.refused, text.look]}
            >
              {rows.map(({ course, on, statements, last_stored_at, last_refused }) => (
                <tr key={course} data-store={course}>
                  <td>{course}</td>
                  <td>{on ? text.on : text.off}</td>
                  <td className="number">{statements}</td>
                  <td>{when(last_stored_at)}</td>
                  <td>
                    {when(last_refused?.at ?? null)} {last_refused?.code}
                    {last_refused?.errors.map(({ path, message }) => (
                      <p key={path} className="fine">
                        <code>{path}</code> {message}
                      </p>
                    ))}
                  </td>
                  <td>
                    <button type="button" className="button is-small" onClick={() => setShown(course)}>
                      {text.look}
                      <span className="visually-hidden"> ({course})</span>
                    </button>
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Section>
      {shown === null ? null : <Newest course={shown} />}
    </>
  );
}

/** The last statements of one store, each with what became of its fact. */
function Newest({ course }: { course: string }) {
  const text = useRecordsText();
  const store = useQuery({
    queryKey: ["operator", "records", course],
    queryFn: () => request<XapiStore>(`/courses/${course}/xapi`),
  });
  return (
    <Section title={text.newest(course)} lead="" query={store}>
      {({ newest }) => <NewestStatements label={text.newest(course)} newest={newest} />}
    </Section>
  );
}
