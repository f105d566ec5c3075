import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { PendingSubmission } from "../../api/types.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { Section, Table } from "./section.tsx";

const KEY = ["operator", "pending"];
const FULL_SCORE = 100;

/** Answers without a key, for somebody to judge. */
export function Pending() {
  const messages = useMessages();
  const language = useLanguage();
  const client = useQueryClient();
  const pending = useQuery({ queryKey: KEY, queryFn: () => allPages<PendingSubmission>("/submissions/pending") });
  const judge = useMutation({
    mutationFn: ({ id, passed }: { id: string; passed: boolean }) =>
      request<unknown>(`/submissions/${id}/verdict`, {
        method: "POST",
        body: { passed, score: passed ? FULL_SCORE : 0 },
      }),
    onSuccess: (_, { id }) => {
      // The list is a mirror that follows in a moment; what has been judged here need not wait for it.
      client.setQueryData<PendingSubmission[]>(KEY, (rows) => rows?.filter((row) => row.id !== id));
    },
  });
  return (
    <Section title={messages.pendingTitle} lead={messages.pendingLead} query={pending}>
      {(rows) => (
        <>
          {judge.isError ? <FaultNote fault={judge.error} /> : null}
          <p role="status">{judge.isSuccess ? messages.judged : null}</p>
          {rows.length === 0 ? (
            <p>✓ {messages.noPending}</p>
          ) : (
            <Table
              label={messages.pendingTitle}
              head={[messages.problem, messages.learner, messages.submittedAt, messages.answer, messages.accept]}
            >
              {rows.map((row) => (
                <tr key={row.id} data-submission={row.id}>
                  <td>
                    <code>{row.item}</code>
                  </td>
                  <td>{row.enrollment_id.slice(row.enrollment_id.indexOf(":") + 1)}</td>
                  <td>{formatInstant(row.submitted_at, language)}</td>
                  <td>
                    <pre>{row.answer}</pre>
                  </td>
                  <td>
                    <div className="actions">
                      {[true, false].map((passed) => (
                        <button
                          key={String(passed)}
                          type="button"
                          className="button is-small"
                          aria-disabled={judge.isPending}
                          onClick={() => {
                            if (!judge.isPending) judge.mutate({ id: row.id, passed });
                          }}
                        >
                          {passed ? messages.accept : messages.reject}
                        </button>
                      ))}
                    </div>
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </>
      )}
    </Section>
  );
}
