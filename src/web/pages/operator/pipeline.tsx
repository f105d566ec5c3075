import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import type { Freshness } from "../../api/types.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { Section, Table } from "./section.tsx";

/** How often the numbers are asked for while the page is looked at, milliseconds. */
const EVERY_MS = 10_000;

/** What waits on its way: queues, marks, stale snapshots; and where two evaluations did not agree. */
export function Pipeline() {
  const messages = useMessages();
  const language = useLanguage();
  const freshness = useQuery({
    queryKey: ["operator", "freshness"],
    queryFn: () => request<Freshness>("/system/freshness"),
    refetchInterval: EVERY_MS,
  });
  const instant = (at: string | null) => (at === null ? "–" : formatInstant(at, language));
  return (
    <Section title={messages.pipelineTitle} lead={messages.pipelineLead} query={freshness}>
      {({ stale, marking, queues, dead_letters, divergences }) => (
        <>
          <dl className="figures">
            {(
              [
                [messages.figure.stale, stale.snapshots],
                [messages.figure.oldestStale, instant(stale.oldest_at)],
                [messages.figure.marking, marking.length],
                [messages.figure.deadLetters, dead_letters],
                [messages.figure.divergences, divergences.last_day],
              ] satisfies [string, string | number][]
            ).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <Table label={messages.queues} head={[messages.queue, messages.waiting, messages.oldest]}>
            {queues.map(({ queue, messages: waiting, oldest_at }) => (
              <tr key={queue}>
                <td>
                  <code>{queue}</code>
                </td>
                <td className="number">{waiting ?? "–"}</td>
                <td>{instant(oldest_at)}</td>
              </tr>
            ))}
          </Table>
          {divergences.newest.length === 0 ? null : (
            <Table
              label={messages.figure.divergences}
              head={[messages.enrollment, messages.differences, messages.found]}
            >
              {divergences.newest.map(({ enrollment_id, detected_at, items }) => (
                <tr key={`${enrollment_id} ${detected_at}`}>
                  <td>
                    <code>{enrollment_id}</code>
                  </td>
                  <td className="number">{items}</td>
                  <td>{instant(detected_at)}</td>
                </tr>
              ))}
            </Table>
          )}
        </>
      )}
    </Section>
  );
}
