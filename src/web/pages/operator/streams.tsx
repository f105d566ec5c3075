import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import type { EventsHealth } from "../../api/types.ts";
import { useMessages } from "../../i18n/index.ts";
import { Section } from "./section.tsx";

/** How often the numbers are asked for while the page is looked at, milliseconds. */
const EVERY_MS = 10_000;

/** The event service in numbers. */
export function Streams() {
  const messages = useMessages();
  const health = useQuery({
    queryKey: ["operator", "events"],
    queryFn: () => request<EventsHealth>("/events/health"),
    refetchInterval: EVERY_MS,
  });
  return (
    <Section title={messages.streamsTitle} lead={messages.streamsLead} query={health}>
      {({ status, streams, isolate, broadcast }) => {
        const { figure } = messages;
        const figures: [string, string | number][] = [
          [messages.status, status],
          [figure.open, streams.open],
          ...(isolate.lag_ms === null
            ? []
            : ([
                [figure.lag, milliseconds(isolate.lag_ms.p50)],
                [figure.lag95, milliseconds(isolate.lag_ms.p95)],
              ] satisfies [string, string][])),
          ...(broadcast === null
            ? []
            : ([
                [figure.undelivered, milliseconds(broadcast.oldest_undelivered_ms)],
                [figure.behind, `${broadcast.shards_behind} / ${streams.shards}`],
              ] satisfies [string, string][])),
          [figure.unreachable, `${streams.shards_unreachable} / ${streams.shards}`],
          [figure.delivered, isolate.delivered],
          [figure.resumed, isolate.resumed],
          [figure.reset, isolate.reset],
          [figure.lagged, isolate.lagged],
          [figure.evicted, isolate.evicted],
          [figure.refused, isolate.refused],
        ];
        return (
          <>
            <dl className="figures">
              {figures.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            <p className="fine">{messages.ofThisIsolate}</p>
          </>
        );
      }}
    </Section>
  );
}

function milliseconds(value: number): string {
  return `${Math.round(value * 10) / 10} ms`;
}
