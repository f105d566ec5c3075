import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";
import { Link, useLocation } from "wouter";
import { useCourses } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { Course } from "../../api/types.ts";
import { useImportText } from "../../i18n/imports.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { useStudioText } from "../../i18n/studio.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole, useUser } from "../../session/hooks.ts";
import { ForbiddenPage } from "../not-found.tsx";
import { SelectField } from "./studio/fields.tsx";
import { beginWith } from "./studio/start.ts";

/** The courses that the user may change: their own; all courses for an administrator. */
export default function AuthorCoursesPage() {
  const messages = useMessages();
  const importText = useImportText();
  const language = useLanguage();
  const user = useUser();
  const isAuthor = useHasRole("author", "admin");
  const courses = useCourses();
  if (!isAuthor) return <ForbiddenPage />;
  const own = courses.data?.filter((course) => user?.role === "admin" || course.role !== null);
  return (
    <Page title={messages.authorTitle} lead={<p>{messages.authorLead}</p>}>
      {courses.isPending ? <Loading /> : null}
      {courses.isError ? <FaultNote fault={courses.error} retry={() => void courses.refetch()} /> : null}
      {own?.length === 0 ? <p>{messages.noOwnCourses}</p> : null}
      <ul className="cards">
        {own?.map((course) => (
          <li key={course.slug} className="card">
            <h2>
              <Link href={`/author/${course.slug}/studio`}>{course.title}</Link>
            </h2>
            <p className="fine">
              <code>{course.slug}</code> ·{" "}
              {course.active_version === null ? messages.unpublished : messages.versionN(course.active_version)} ·{" "}
              {formatInstant(course.updated_at, language)}
            </p>
          </li>
        ))}
      </ul>
      <p>
        <Link className="button" href="/author/imports">
          {importText.importTitle}
        </Link>
      </p>
      <NewCourse own={own ?? []} />
    </Page>
  );
}

const BEGINNINGS = ["empty", "sample", "copy"] as const;

function NewCourse({ own }: { own: readonly Course[] }) {
  const messages = useMessages();
  const text = useStudioText();
  const id = useId();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const published = own.filter(({ active_version }) => active_version !== null);
  const [begin, setBegin] = useState<(typeof BEGINNINGS)[number]>("empty");
  const [copied, setCopied] = useState("");
  const create = useMutation({
    mutationFn: async (form: FormData) => {
      const title = String(form.get("title") ?? "");
      const slug = String(form.get("slug") ?? "").trim();
      const course = await request<Course>("/courses", { method: "POST", body: { slug, title } });
      const from = published.find((each) => each.slug === copied) ?? published[0];
      const isCopy = begin === "copy" && from !== undefined && from.active_version !== null;
      const beginning = isCopy
        ? { kind: "copy" as const, course: from.slug, version: from.active_version ?? 1 }
        : { kind: begin === "sample" ? ("sample" as const) : ("empty" as const) };
      await beginWith(course.slug, title, beginning);
      return course;
    },
    onSuccess: (course) => {
      void client.invalidateQueries({ queryKey: ["courses"] });
      navigate(`/author/${course.slug}/studio`);
    },
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!create.isPending) create.mutate(new FormData(event.currentTarget));
  };
  const names = { empty: text.beginEmpty, sample: text.beginSample, copy: text.beginCopy };
  const offered = BEGINNINGS.filter((each) => each !== "copy" || published.length > 0);
  return (
    <section aria-labelledby={`${id}-new`}>
      <h2 id={`${id}-new`}>{messages.newCourse}</h2>
      <form className="form" onSubmit={onSubmit}>
        <label className="field">
          <span>{messages.newCourseSlug}</span>
          <input
            name="slug"
            required
            maxLength={64}
            pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
            aria-describedby={`${id}-slug`}
          />
          <span className="fine" id={`${id}-slug`}>
            {messages.newCourseSlugHint}
          </span>
        </label>
        <label className="field">
          <span>{messages.newCourseTitle}</span>
          <input name="title" required maxLength={200} />
        </label>
        <SelectField
          label={text.beginWith}
          value={begin}
          options={offered.map((each) => [each, names[each]] as const)}
          onChange={setBegin}
        />
        {begin === "copy" ? (
          <SelectField
            label={text.copyOf}
            value={copied === "" ? (published[0]?.slug ?? "") : copied}
            options={published.map(({ slug, title }) => [slug, title] as const)}
            onChange={setCopied}
          />
        ) : null}
        {create.isError ? <FaultNote fault={create.error} /> : null}
        <button type="submit" className="button is-primary" aria-disabled={create.isPending}>
          {messages.create}
        </button>
      </form>
      <p className="fine">
        <Link href="/author/imports">{text.beginFile}</Link> · {text.beginFileHint}
      </p>
    </section>
  );
}
