import { useQuery } from "@tanstack/react-query";
import { useChapters, useProblems } from "../../../api/queries.ts";
import { request } from "../../../api/request.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { mapNodes } from "../../map/layout.ts";
import { type ClassCounts, peopleKey } from "./api.ts";

type Counts = ClassCounts["results"][number];

/** How far a class is: for each item, how many have done it, have begun it, and cannot open it yet. */
export function Stuck({ course, cohort }: { course: string; cohort: string }) {
  const text = usePeopleText();
  const chapters = useChapters(course);
  const problems = useProblems(course);
  const counts = useQuery({
    queryKey: [...peopleKey(course), "counts", cohort],
    queryFn: () => countAll(course, cohort),
  });
  if (counts.isError) return <FaultNote fault={counts.error} retry={() => void counts.refetch()} />;
  if (counts.data === undefined || chapters.data === undefined || problems.data === undefined) return <Loading />;
  const nodes = mapNodes(chapters.data.results, problems.data.results);
  const { byItem, learners } = counts.data;
  return (
    <>
      <p className="fine">{text.stuckHint}</p>
      <ol className="stuck">
        {nodes.map((node) => (
          <li key={node.id} className="stuck-card">
            <ItemCounts title={node.row.title} counts={byItem.get(node.id)} learners={learners} level="chapter" />
            {node.problems.map(({ id, title }) => (
              <ItemCounts key={id} title={title} counts={byItem.get(id)} learners={learners} level="problem" />
            ))}
          </li>
        ))}
      </ol>
    </>
  );
}

function ItemCounts(props: {
  title: string;
  counts: Counts | undefined;
  learners: number;
  level: "chapter" | "problem";
}) {
  const { title, counts, learners, level } = props;
  const text = usePeopleText();
  if (counts === undefined || learners === 0) return null;
  const here = counts.started + counts.unlocked;
  const share = (part: number) => `${(100 * part) / learners}%`;
  return (
    <div className={level === "chapter" ? "stuck-item is-chapter" : "stuck-item"}>
      <span className="stuck-title">{title}</span>
      <span className="stuck-bar" aria-hidden="true">
        <span className="is-completed" style={{ width: share(counts.completed) }} />
        <span className="is-started" style={{ width: share(here) }} />
        <span className="is-locked" style={{ width: share(counts.locked) }} />
      </span>
      <span className="fine">
        {text.doneBy(counts.completed)} · {text.hereNow(here)} · {text.lockedFor(counts.locked)}
      </span>
    </div>
  );
}

/** The sum of the counts of all pages of the class. */
async function countAll(course: string, cohort: string) {
  const byItem = new Map<string, Counts>();
  let learners = 0;
  let cursor: string | undefined;
  do {
    const page: ClassCounts = await request<ClassCounts>(`/courses/${course}/class/counts`, {
      query: { cohort: cohort === "" ? undefined : cohort, cursor },
    });
    learners += page.learners;
    for (const counts of page.results) {
      const before = byItem.get(counts.item_id);
      byItem.set(
        counts.item_id,
        before === undefined
          ? counts
          : {
              item_id: counts.item_id,
              hidden: before.hidden + counts.hidden,
              locked: before.locked + counts.locked,
              unlocked: before.unlocked + counts.unlocked,
              started: before.started + counts.started,
              completed: before.completed + counts.completed,
            },
      );
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return { byItem, learners };
}
