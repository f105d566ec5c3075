import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useId } from "react";
import { Link, useLocation } from "wouter";
import { useCourses } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { Course } from "../../api/types.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole, useUser } from "../../session/hooks.ts";
import { ForbiddenPage } from "../not-found.tsx";

/** The courses one may change: one's own; all of them for an administrator. */
export default function AuthorCoursesPage() {
  const messages = useMessages();
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
              <Link href={`/author/${course.slug}`}>{course.title}</Link>
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
          {messages.importTitle}
        </Link>
      </p>
      <NewCourse />
    </Page>
  );
}

function NewCourse() {
  const messages = useMessages();
  const id = useId();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const create = useMutation({
    mutationFn: (form: FormData) =>
      request<Course>("/courses", {
        method: "POST",
        body: { slug: String(form.get("slug") ?? "").trim(), title: String(form.get("title") ?? "") },
      }),
    onSuccess: (course) => {
      void client.invalidateQueries({ queryKey: ["courses"] });
      navigate(`/author/${course.slug}`);
    },
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!create.isPending) create.mutate(new FormData(event.currentTarget));
  };
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
        {create.isError ? <FaultNote fault={create.error} /> : null}
        <button type="submit" className="button is-primary" aria-disabled={create.isPending}>
          {messages.create}
        </button>
      </form>
    </section>
  );
}
