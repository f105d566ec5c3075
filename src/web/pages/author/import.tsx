import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "wouter";
import { useTaskProgress } from "../../../client/react/index.ts";
import { isAbsent } from "../../api/problem.ts";
import { request } from "../../api/request.ts";
import { useImportText } from "../../i18n/imports.ts";
import { useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { WarnIcon } from "../../parts/icons.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { ForbiddenPage, NotFoundPage } from "../not-found.tsx";
import { DropDraft, DropImport } from "./import-drop.tsx";
import type { CourseImportDetail } from "./import-formats.ts";
import { People } from "./import-people.tsx";
import { ImportedCourse } from "./import-report.tsx";
import { refreshCourse } from "./publish.ts";

/** How often an import that has not ended is asked about, where no event tells of it, milliseconds. */
const POLL_MS = 5_000;

const hasEnded = ({ state }: CourseImportDetail) => state === "done" || state === "failed";

/** One import: its progress, its result, and what to do with its draft. */
export default function ImportPage({ id }: { id: string }) {
  const messages = useMessages();
  const importText = useImportText();
  const isAuthor = useHasRole("author", "admin");
  const progress = useTaskProgress(id);
  const found = useQuery({
    queryKey: ["import", id],
    queryFn: () => request<CourseImportDetail>(`/courses/imports/${id}`),
    enabled: isAuthor,
    refetchInterval: ({ state: { data } }) => (data !== undefined && hasEnded(data) ? false : POLL_MS),
  });
  const { refetch } = found;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when the events say that something else happens.
  useEffect(() => {
    if (progress.state !== "waiting") void refetch();
  }, [progress.state, progress.message, refetch]);
  if (!isAuthor) return <ForbiddenPage />;
  if (isAbsent(found.error)) return <NotFoundPage />;
  const data = found.data;
  const done = Math.max(progress.done, data?.bytes_read ?? 0);
  return (
    <Page
      title={data?.name ?? importText.importTitle}
      wide
      above={
        <nav className="trail" aria-label={messages.back}>
          <Link href="/author">{messages.authorTitle}</Link>
          <Link href="/author/imports">{importText.importTitle}</Link>
        </nav>
      }
    >
      {found.isError ? <FaultNote fault={found.error} retry={() => void refetch()} /> : null}
      {data === undefined ? (
        <Loading />
      ) : (
        <>
          <p role="status" data-import={data.state}>
            {importText.importState(data.state)}
          </p>
          {hasEnded(data) ? null : (
            <Meter value={done} max={data.size} label={importText.importRead(megabytes(done), megabytes(data.size))} />
          )}
          {data.state === "failed" ? <Failure errors={data.errors} /> : null}
          <div className="actions">
            <DropImport id={id} hasEnded={hasEnded(data)} />
          </div>
          {data.version === null ? null : <Draft found={data} version={data.version} />}
          {data.state === "done" && data.has_report ? <People id={id} /> : null}
          {data.has_report ? <ImportedCourse id={id} course={data.course} version={data.version} /> : null}
        </>
      )}
    </Page>
  );
}

function megabytes(bytes: number): number {
  return bytes / 1_000_000;
}

function Failure({ errors }: { errors: CourseImportDetail["errors"] }) {
  const importText = useImportText();
  return (
    <div className="note is-bad" role="alert">
      <WarnIcon />
      <div>
        <strong>{importText.importNothingStored}</strong>
        <ul className="findings">
          {errors.map(({ path, rule, message }) => (
            <li key={`${path} ${rule} ${message}`}>
              {path === "" ? null : <code>{path}</code>} <span lang="en">{message}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** The draft that an import has made: nobody sees it until it is published. */
function Draft({ found, version }: { found: CourseImportDetail; version: number }) {
  const messages = useMessages();
  const importText = useImportText();
  const client = useQueryClient();
  const { course, impact } = found;
  const activate = useMutation({
    mutationFn: () =>
      request<{ version: number }>(`/courses/${course}/versions/${version}/activate`, { method: "POST", body: {} }),
    onSuccess: () => {
      refreshCourse(client, course);
      void client.invalidateQueries({ queryKey: ["courses"] });
    },
  });
  return (
    <section className="publish" aria-labelledby="draft">
      <h2 id="draft">{importText.importDraft(version)}</h2>
      <p>{importText.importDraftHint}</p>
      {impact === null ? null : (
        <p>
          {messages.impactEnrollments(impact.evaluated, impact.enrollments)}: {messages.gaining(impact.gaining)},{" "}
          {messages.losing(impact.losing)}.
        </p>
      )}
      <div className="actions">
        <button
          type="button"
          className="button is-primary"
          aria-disabled={activate.isPending}
          onClick={() => {
            if (!activate.isPending) activate.mutate();
          }}
        >
          {activate.isPending ? messages.working : messages.publish}
        </button>
        <Link className="button" href={`/author/${course}`}>
          {messages.editDocument}
        </Link>
        {activate.isSuccess ? null : <DropDraft course={course} version={version} />}
      </div>
      {activate.isError ? <FaultNote fault={activate.error} /> : null}
      <p role="status" data-outcome={activate.isSuccess ? "published" : undefined}>
        {activate.data === undefined ? null : messages.activated(activate.data.version)}
      </p>
      {activate.isSuccess ? (
        <p>
          <Link href={`/courses/${course}`}>{messages.mapTitle}</Link>
        </p>
      ) : null}
    </section>
  );
}
