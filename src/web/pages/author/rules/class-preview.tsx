import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Answer } from "../../../../client/index.ts";
import { ApiProblem, isAbsent, isRefusal } from "../../../api/problem.ts";
import { request } from "../../../api/request.ts";
import type { PublishImpact } from "../../../api/types.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { withRule } from "./document.ts";
import { useRuleWords } from "./words/index.ts";

type Audience = Answer<"/api/v1/courses/{course}/items/{item}/audience", "get">;
type People = Answer<"/api/v1/courses/{course}/people", "get">;

/** The limit of learners who are checked and named. */
const SHOWN = 50;

/** The real class: who can open the published item, and what publishing the draft would change. */
export function ClassPreview({ course, item, rule }: { course: unknown; item: string; rule: unknown }) {
  const words = useRuleWords().preview;
  const slug = item.slice(0, item.indexOf("."));
  const now = useQuery({
    queryKey: ["rule-audience", item],
    queryFn: async () => {
      const query = { limit: SHOWN };
      const audience = await request<Audience>(`/courses/${slug}/items/${item}/audience`, { query });
      // Without their names the learners are shown by their ids.
      const people = await request<People>(`/courses/${slug}/people`, { query: { limit: 200 } }).catch(() => null);
      const names = new Map(people?.results.map(({ user_id: id, name }) => [id, name]));
      return { audience, names };
    },
    retry: false,
  });
  const impact = useMutation({
    mutationFn: () =>
      request<PublishImpact>(`/courses/${slug}/versions`, {
        method: "POST",
        query: { dry_run: true },
        body: { document: withRule(course, item, rule) },
      }),
  });
  const { reset } = impact;
  // The answer was about another draft.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is forgotten with every change.
  useEffect(() => reset(), [course, rule, reset]);
  const isUnpublished = isAbsent(now.error) || isRefusal(now.error, "course_unpublished");
  return (
    <section className="rule-class">
      <h3>{words.classTitle}</h3>
      {isUnpublished ? <p className="fine">{words.classUnpublished}</p> : null}
      {now.isError && !isUnpublished ? <FaultNote fault={now.error} retry={() => void now.refetch()} /> : null}
      {now.data === undefined ? null : <Now {...now.data} />}
      {isUnpublished ? null : (
        <button
          type="button"
          className="button is-small"
          aria-disabled={impact.isPending}
          onClick={() => {
            if (!impact.isPending) impact.mutate();
          }}
        >
          {impact.isPending ? words.asking : words.ask}
        </button>
      )}
      <div role="status">{impact.data === undefined ? null : <Changed impact={impact.data} item={item} />}</div>
      {impact.isError ? <Refused fault={impact.error} /> : null}
    </section>
  );
}

function Now({ audience, names }: { audience: Audience; names: ReadonlyMap<string, string | null> }) {
  const words = useRuleWords().preview;
  const open = audience.results.filter((row) => row.is_open);
  if (open.length === 0) return <p>{words.classNone}</p>;
  return (
    <>
      <p>{words.classNow(open.length, audience.results.length)}</p>
      <ul className="rule-names">
        {open.map(({ user_id: id }) => (
          <li key={id}>{names.get(id) ?? id}</li>
        ))}
      </ul>
      {audience.next_cursor === null ? null : <p className="fine">{words.classMore}</p>}
    </>
  );
}

function Changed({ impact, item }: { impact: PublishImpact; item: string }) {
  const words = useRuleWords().preview;
  const found = impact.impact.items.find((each) => each.item === item);
  if (found === undefined) return <p>{words.impactNone}</p>;
  return <p data-impact={item}>{words.impact(found.gain, found.lose, impact.impact.evaluated)}</p>;
}

function Refused({ fault }: { fault: unknown }) {
  const words = useRuleWords().preview;
  const errors = fault instanceof ApiProblem ? (fault.problem.errors ?? []) : [];
  if (errors.length === 0) return <FaultNote fault={fault} />;
  return (
    <div role="alert">
      <p>{words.impactRefused}</p>
      <ul className="findings">
        {errors.slice(0, 5).map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code>{path}</code> <span lang="en">{message}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
