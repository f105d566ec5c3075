import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import { useImportText } from "../../i18n/imports.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Table } from "../operator/section.tsx";
import type { ImportReport } from "./import-formats.ts";

const VERDICTS = ["exact", "approximated", "unmapped"] as const;

type Mapping = ImportReport["gates"][number];

/** The shown part of a draft's outline. */
interface Outline {
  chapters: { id: string; title: Record<string, string>; problems: { id: string; title: Record<string, string> }[] }[];
  problems: { id: string; title: Record<string, string> }[];
}

/** The report of an import beside the new course: each item with the result for its gates. */
export function ImportedCourse({ id, course, version }: { id: string; course: string; version: number | null }) {
  const importText = useImportText();
  const report = useQuery({
    queryKey: ["import-report", id],
    queryFn: () => request<ImportReport>(`/courses/imports/${id}/report`),
  });
  const outline = useQuery({
    queryKey: ["import-outline", course, version],
    queryFn: () => request<Outline>(`/courses/${course}/versions/${version}`),
    enabled: version !== null,
  });
  if (report.isError) return <FaultNote fault={report.error} retry={() => void report.refetch()} />;
  if (report.data === undefined) return <Loading />;
  return (
    <div className="workbench">
      <section aria-labelledby="imported">
        <h2 id="imported">{importText.importedCourse}</h2>
        {outline.data === undefined ? null : <DraftMap outline={outline.data} report={report.data} />}
      </section>
      <div className="workbench-side">
        <Summary report={report.data} />
      </div>
    </div>
  );
}

function DraftMap({ outline, report }: { outline: Outline; report: ImportReport }) {
  const places = new Map(report.items.map(({ id, source }) => [id, source]));
  const said = new Map<string, Mapping[]>();
  for (const mapping of [...report.gates, ...report.completion]) {
    said.set(mapping.source, [...(said.get(mapping.source) ?? []), mapping]);
  }
  const of = (item: string) => said.get(places.get(item) ?? "") ?? [];
  return (
    <ul className="imported">
      {outline.chapters.map((chapter) => (
        <li key={chapter.id} data-item={chapter.id}>
          <strong>{titleOf(chapter.title)}</strong>
          <Gates mappings={of(chapter.id)} />
          <ul>
            {chapter.problems.map((problem) => (
              <li key={problem.id} data-item={problem.id}>
                {titleOf(problem.title)}
                <Gates mappings={of(problem.id)} />
              </li>
            ))}
          </ul>
        </li>
      ))}
      {outline.problems.map((problem) => (
        <li key={problem.id} data-item={problem.id}>
          {titleOf(problem.title)}
          <Gates mappings={of(problem.id)} />
        </li>
      ))}
    </ul>
  );
}

function titleOf(title: Record<string, string>): string {
  return title.en ?? Object.values(title)[0] ?? "";
}

function Gates({ mappings }: { mappings: readonly Mapping[] }) {
  const importText = useImportText();
  if (mappings.length === 0) return null;
  return (
    <ul className="gates">
      {mappings.map(({ source, rule, verdict, why }) => (
        <li key={`${source} ${JSON.stringify(rule)}`} data-verdict={verdict}>
          <span className="tag">{importText.verdict(verdict)}</span>{" "}
          <details>
            <summary>{why === null ? importText.importRule : <span lang="en">{why}</span>}</summary>
            <pre>
              <code>{JSON.stringify(rule, null, 2)}</code>
            </pre>
            <p className="fine">
              <code>{source}</code>
            </p>
          </details>
        </li>
      ))}
    </ul>
  );
}

function Summary({ report }: { report: ImportReport }) {
  const importText = useImportText();
  const { counts, content, release, format } = report;
  const elsewhere = content.questions.filter(({ judged }) => judged === "elsewhere");
  return (
    <section aria-labelledby="report">
      <h2 id="report">{importText.importReport}</h2>
      <p className="fine">
        {format} · {release}
      </p>
      <Table label={importText.importReport} head={[importText.importRule, importText.importCount]}>
        {VERDICTS.map((verdict) => (
          <tr key={verdict}>
            <td>{importText.verdict(verdict)}</td>
            <td className="number">{counts[verdict]}</td>
          </tr>
        ))}
      </Table>
      <ul className="findings">
        {content.left_out.map(({ what, count, why }) => (
          <li key={what} lang="en">
            {count} {what}: {why}
          </li>
        ))}
        {elsewhere.map(({ kind, count, why }) => (
          <li key={`${kind} ${why}`} lang="en">
            {count} × <code>{kind}</code>: {why}
          </li>
        ))}
        {content.notes.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code>{path}</code> <span lang="en">{message}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
