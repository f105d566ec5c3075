import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { useProblems } from "../../../api/queries.ts";
import { request } from "../../../api/request.ts";
import type { RegradeAnswer } from "../../../api/types.ts";
import { useGradingText } from "../../../i18n/grading.ts";
import { useMessages } from "../../../i18n/index.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { Page } from "../../../parts/page.tsx";
import { Table } from "../../operator/section.tsx";

type Row = RegradeAnswer["results"][number];
interface Outcome {
  isTrial: boolean;
  looked: number;
  rows: Row[];
}
/** The limit of shown rows; the others are counted. */
const MAX_SHOWN = 200;

/**
 * Judges all answers to one problem again after its key changed: first it shows what would change, then it makes the
 * change.
 */
export default function RegradePage({ course }: { course: string }) {
  const messages = useMessages();
  const gradingText = useGradingText();
  const problems = useProblems(course);
  const [item, setItem] = useState("");
  const [relock, setRelock] = useState(false);
  const [looked, setLooked] = useState(0);
  const run = useMutation({
    mutationFn: async (isTrial: boolean): Promise<Outcome> => {
      const rows: Row[] = [];
      let seen = 0;
      let cursor: string | null = null;
      do {
        const page: RegradeAnswer = await request<RegradeAnswer>(`/courses/${course}/items/${item}/regrade`, {
          method: "POST",
          body: { dry_run: isTrial, relock, cursor },
        });
        rows.push(...page.results);
        seen += page.looked_at;
        setLooked(seen);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return { isTrial, looked: seen, rows };
    },
  });
  const start = (isTrial: boolean) => {
    if (run.isPending || item === "") return;
    setLooked(0);
    run.mutate(isTrial);
  };
  const trial = run.data?.isTrial === true ? run.data : null;
  return (
    <Page
      title={gradingText.regradeTitle}
      lead={<p>{gradingText.regradeLead}</p>}
      wide
      above={
        <nav className="trail" aria-label={messages.back}>
          <Link href={`/author/${course}`}>{course}</Link>
        </nav>
      }
    >
      <div className="form">
        <label className="field">
          <span>{gradingText.gradingProblem}</span>
          <select
            value={item}
            onChange={(event) => {
              setItem(event.target.value);
              run.reset();
            }}
          >
            <option value="">–</option>
            {problems.data?.results.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={relock}
            onChange={(event) => {
              setRelock(event.target.checked);
              run.reset();
            }}
          />
          <span>{gradingText.gradingRelock}</span>
        </label>
        <div className="actions">
          <button
            type="button"
            className="button"
            aria-disabled={run.isPending || item === ""}
            onClick={() => start(true)}
          >
            {gradingText.regradePreview}
          </button>
          {trial === null || trial.rows.length === 0 ? null : (
            <button type="button" className="button is-primary" onClick={() => start(false)}>
              {gradingText.regradeDo(trial.rows.length)}
            </button>
          )}
        </div>
      </div>
      {problems.isError ? <FaultNote fault={problems.error} retry={() => void problems.refetch()} /> : null}
      {run.isError ? <FaultNote fault={run.error} /> : null}
      <p role="status">
        {run.isPending ? gradingText.regradeLooking(looked) : null}
        {run.data === undefined
          ? null
          : run.data.isTrial
            ? gradingText.regradeWould(run.data.rows.length, run.data.looked)
            : gradingText.regradeDone(run.data.rows.length)}
      </p>
      {run.data === undefined || run.data.rows.length === 0 ? null : (
        <Table
          label={gradingText.regradeTitle}
          head={[messages.learner, gradingText.regradeScores, gradingText.regradeUnlocks, gradingText.regradeLocks]}
        >
          {run.data.rows.slice(0, MAX_SHOWN).map((row) => (
            <tr key={row.enrollment_id} data-learner={row.learner}>
              <td>{row.learner}</td>
              <td>
                {row.changes.map(({ submission_id, before, after }) => (
                  <div key={submission_id}>
                    {before.score} → {after.score}
                  </div>
                ))}
                {row.changed > row.changes.length ? (
                  <div className="fine">+{row.changed - row.changes.length}</div>
                ) : null}
              </td>
              <td>{row.unlocked.join(", ") || "–"}</td>
              <td>{row.locked.join(", ") || "–"}</td>
            </tr>
          ))}
        </Table>
      )}
    </Page>
  );
}
