import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { allPages } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { DeadLetter } from "../../api/types.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { Section, Table } from "./section.tsx";

const KEY = ["operator", "dead-letters"];

/** Messages that failed their last retry, each with the button that sends it again. */
export function DeadLetters() {
  const messages = useMessages();
  const language = useLanguage();
  const client = useQueryClient();
  const letters = useQuery({ queryKey: KEY, queryFn: () => allPages<DeadLetter>("/system/dead-letters") });
  const replay = useMutation({
    mutationFn: (id: string) =>
      request<{ id: string }>(`/system/dead-letters/${encodeURIComponent(id)}/replay`, { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <Section title={messages.lettersTitle} lead={messages.lettersLead} query={letters}>
      {(rows) => (
        <>
          {replay.isError ? <FaultNote fault={replay.error} /> : null}
          <p role="status">{replay.isSuccess ? messages.replayed : null}</p>
          {rows.length === 0 ? (
            <p>✓ {messages.noLetters}</p>
          ) : (
            <Table
              label={messages.lettersTitle}
              head={[messages.queue, messages.failedAt, messages.attempts, messages.message, messages.replay]}
            >
              {rows.map((letter) => (
                <tr key={letter.id} data-letter={letter.id}>
                  <td>{letter.queue}</td>
                  <td>{formatInstant(letter.failed_at, language)}</td>
                  <td className="number">{letter.attempts}</td>
                  <td>
                    <pre>{JSON.stringify(letter.body, null, 1)}</pre>
                  </td>
                  <td>
                    <button
                      type="button"
                      className="button is-small"
                      aria-disabled={replay.isPending}
                      onClick={() => {
                        if (!replay.isPending) replay.mutate(letter.id);
                      }}
                    >
                      {messages.replay}
                    </button>
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
