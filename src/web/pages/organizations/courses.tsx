import { useId } from "react";
import { Link } from "wouter";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { useLanguage } from "../../i18n/index.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { PartForm, textIn } from "../account/part.tsx";
import { type CoursesPage, useListOf, useOrganizationWrite } from "./api.ts";

interface Move {
  slug: string;
  to: string | null;
}

/** The courses of an organisation. An administrator puts them in and takes them out. */
export function CoursesPart({ organization, isAdmin }: { organization: string; isAdmin: boolean }) {
  const text = useOrganizationText();
  const account = useAccountText();
  const lang = useLanguage();
  const courses = useListOf<CoursesPage>(organization, "courses", { lang });
  const takeOut = useOrganizationWrite(moveCourse);
  const rows = courses.data?.pages.flatMap(({ results }) => results) ?? [];
  return (
    <>
      {courses.isError ? <FaultNote fault={courses.error} retry={() => void courses.refetch()} /> : null}
      {courses.isPending ? <Loading /> : null}
      {takeOut.isError ? <FaultNote fault={takeOut.error} /> : null}
      {courses.isSuccess && rows.length === 0 ? <p>{text.noCourses}</p> : null}
      <ul className="members">
        {rows.map(({ slug, title, owner_id, active_version }) => (
          <li key={slug}>
            <span>
              {isAdmin ? <Link href={`/author/${slug}/studio`}>{title}</Link> : title}{" "}
              <span className="fine">
                <code>{slug}</code> · {text.owner(owner_id)}
                {active_version === null ? ` · ${text.unpublished}` : ""}
              </span>
            </span>
            {isAdmin ? (
              <button
                type="button"
                className="button is-small"
                aria-label={`${text.takeOut}: ${title}`}
                aria-disabled={takeOut.isPending}
                onClick={() => {
                  if (!takeOut.isPending && window.confirm(text.courseOutSure(slug)))
                    takeOut.mutate({ slug, to: null });
                }}
              >
                {text.takeOut}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {courses.hasNextPage ? (
        <button type="button" className="button" onClick={() => void courses.fetchNextPage()}>
          {account.more}
        </button>
      ) : null}
      {isAdmin ? <PutIn organization={organization} /> : null}
    </>
  );
}

function moveCourse({ slug, to }: Move) {
  return request<{ course: string }>(`/courses/${encodeURIComponent(slug)}/organization`, {
    method: "PUT",
    body: { organization_id: to },
  });
}

function PutIn({ organization }: { organization: string }) {
  const text = useOrganizationText();
  const id = useId();
  const move = useOrganizationWrite(moveCourse);
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{text.courseIn}</h2>
      <p className="fine">{text.courseHint}</p>
      <PartForm
        label={text.courseIn}
        write={move}
        done={text.courseMoved(move.data?.course ?? "")}
        onSubmit={(form, element) =>
          move.mutate({ slug: textIn(form, "slug").trim(), to: organization }, { onSuccess: () => element.reset() })
        }
      >
        <label className="field">
          <span>{text.courseSlug}</span>
          <input name="slug" required maxLength={64} autoComplete="off" spellCheck={false} />
        </label>
      </PartForm>
    </section>
  );
}
