import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type DragEvent, type SubmitEvent, useId, useState } from "react";
import { Link, useLocation } from "wouter";
import { allPages } from "../../api/queries.ts";
import { uploadArchive } from "../../api/upload.ts";
import { useImportText } from "../../i18n/imports.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole, useUser } from "../../session/hooks.ts";
import { ForbiddenPage } from "../not-found.tsx";
import { type CourseImport, FORMATS, type Format, formatOf, slugOf } from "./import-formats.ts";

/** Courses of other platforms: a form to import one, and the results of earlier imports. */
export default function ImportsPage() {
  const messages = useMessages();
  const importText = useImportText();
  const language = useLanguage();
  const isAuthor = useHasRole("author", "admin");
  const list = useQuery({
    queryKey: ["imports"],
    queryFn: () => allPages<CourseImport>("/courses/imports", { limit: 100 }),
    enabled: isAuthor,
  });
  if (!isAuthor) return <ForbiddenPage />;
  return (
    <Page
      title={importText.importTitle}
      lead={<p>{importText.importLead}</p>}
      above={
        <nav className="trail" aria-label={messages.back}>
          <Link href="/author">{messages.authorTitle}</Link>
        </nav>
      }
    >
      <ImportForm />
      <section aria-labelledby="imports">
        <h2 id="imports">{importText.imports}</h2>
        {list.isPending ? <Loading /> : null}
        {list.isError ? <FaultNote fault={list.error} retry={() => void list.refetch()} /> : null}
        {list.data?.length === 0 ? <p className="fine">{importText.noImports}</p> : null}
        <ul className="versions">
          {list.data?.map((one) => (
            <li key={one.id}>
              <div>
                <Link href={`/author/imports/${one.id}`}>{one.name}</Link> <code>{one.course}</code>
                <p className="fine">
                  {importText.importState(one.state)} · {formatInstant(one.created_at, language)}
                </p>
              </div>
            </li>
          ))}
        </ul>
      </section>
    </Page>
  );
}

function ImportForm() {
  const messages = useMessages();
  const importText = useImportText();
  const id = useId();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [file, setFile] = useState<File | null>(null);
  const [format, setFormat] = useState<Format>("moodle");
  const [course, setCourse] = useState("");
  const [isOver, setIsOver] = useState(false);
  const [sent, setSent] = useState<{ done: number; size: number } | null>(null);
  const user = useUser();
  const begin = useMutation({
    mutationFn: (archive: File) => {
      setSent(null);
      return uploadArchive<CourseImport>(archive, { format, course }, user?.id ?? "", (done, size) =>
        setSent({ done, size }),
      );
    },
    onSuccess: (begun) => {
      void client.invalidateQueries({ queryKey: ["imports"] });
      navigate(`/author/imports/${begun.id}`);
    },
  });
  const take = (chosen: File | undefined) => {
    if (chosen === undefined) return;
    begin.reset();
    setFile(chosen);
    setFormat(formatOf(chosen.name) ?? format);
    if (course === "") setCourse(slugOf(chosen.name));
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    take(event.dataTransfer.files[0]);
  };
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (file !== null && !begin.isPending) begin.mutate(file);
  };
  return (
    <form className="form" onSubmit={onSubmit} aria-label={importText.importTitle}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: files can be dropped here; the button within chooses one. */}
      <div
        className={isOver ? "drop-zone is-over" : "drop-zone"}
        onDragOver={(event) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={onDrop}
      >
        <label className="button file">
          {messages.chooseFile}
          <input
            type="file"
            aria-describedby={`${id}-file`}
            onChange={(event) => {
              take(event.target.files?.[0]);
              event.target.value = "";
            }}
          />
        </label>
        <p id={`${id}-file`} role="status">
          {file === null ? importText.importDrop : `${file.name} · ${importText.megabytes(file.size / 1_000_000)}`}
        </p>
      </div>
      <label className="field">
        <span>{importText.importFrom}</span>
        <select
          value={format}
          onChange={(event) => {
            const chosen = Object.keys(FORMATS).find((name) => name === event.target.value);
            // SAFETY: it is one of the keys of this record.
            if (chosen !== undefined) setFormat(chosen as Format);
          }}
        >
          {Object.entries(FORMATS).map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{messages.newCourseSlug}</span>
        <input
          required
          maxLength={64}
          pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
          value={course}
          aria-describedby={`${id}-slug`}
          onChange={(event) => setCourse(event.target.value)}
        />
        <span className="fine" id={`${id}-slug`}>
          {importText.importSlugHint}
        </span>
      </label>
      {begin.isPending && sent !== null ? (
        <Meter
          value={sent.done}
          max={sent.size}
          label={importText.importSent(sent.done / 1_000_000, sent.size / 1_000_000)}
        />
      ) : null}
      {begin.isError ? <FaultNote fault={begin.error} /> : null}
      <button type="submit" className="button is-primary" aria-disabled={file === null || begin.isPending}>
        {begin.isPending ? importText.importSending : importText.importBegin}
      </button>
    </form>
  );
}
