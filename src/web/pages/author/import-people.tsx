import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import { useImportText } from "../../i18n/imports.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { Table } from "../operator/section.tsx";
import type { ImportPeople, PeopleJob } from "./import-formats.ts";

/** How often a job that has not ended is asked about, milliseconds. */
const POLL_MS = 2_000;

const isUnderWay = (job: PeopleJob | null | undefined) => job?.state === "queued" || job?.state === "reading";

/** The people of an archive: who would be enrolled, and the button that enrolls them. */
export function People({ id }: { id: string }) {
  const importText = useImportText();
  const client = useQueryClient();
  const found = useQuery({
    queryKey: ["import-people", id],
    queryFn: () => request<ImportPeople>(`/courses/imports/${id}/people`),
    refetchInterval: ({ state: { data } }) => (isUnderWay(data?.roster) || isUnderWay(data?.people) ? POLL_MS : false),
  });
  const begin = useMutation({
    mutationFn: (rest: "" | "/roster") =>
      request<PeopleJob>(`/courses/imports/${id}/people${rest}`, { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["import-people", id] }),
  });
  const { roster = null, people = null } = found.data ?? {};
  const isBusy = begin.isPending || isUnderWay(roster) || isUnderWay(people);
  const button = (rest: "" | "/roster", label: string) => (
    <button
      type="button"
      className="button"
      aria-disabled={isBusy}
      onClick={() => {
        if (!isBusy) begin.mutate(rest);
      }}
    >
      {label}
    </button>
  );
  return (
    <section aria-labelledby="people">
      <h2 id="people">{importText.importPeople}</h2>
      <p>{importText.importPeopleHint}</p>
      {found.isError ? <FaultNote fault={found.error} retry={() => void found.refetch()} /> : null}
      {begin.isError ? <FaultNote fault={begin.error} /> : null}
      <div className="actions">
        {button("/roster", importText.importPeopleLook)}
        {roster?.state === "done" ? button("", importText.importPeopleBring) : null}
      </div>
      {roster === null ? null : <Outcome job={roster} />}
      {people === null ? null : <Outcome job={people} />}
    </section>
  );
}

/** The progress of a job, and its results in numbers. */
function Outcome({ job }: { job: PeopleJob }) {
  const importText = useImportText();
  const counts = Object.entries(job.counts);
  return (
    <div data-people={`${job.kind} ${job.state}`}>
      <p role="status">{importText.importPeopleState(job.kind, job.state, job.applied, job.total)}</p>
      {counts.length === 0 ? null : (
        <Table label={importText.importPeople} head={[importText.importPeopleWhat, importText.importCount]}>
          {counts.map(([what, count]) => (
            <tr key={what}>
              <td>{importText.importPeopleCount(what)}</td>
              <td className="number">{count}</td>
            </tr>
          ))}
        </Table>
      )}
      <ul className="findings">
        {job.errors.map(({ path, rule, message }) => (
          <li key={`${path} ${rule} ${message}`}>
            {path === "" ? null : <code>{path}</code>} <span lang="en">{message}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
