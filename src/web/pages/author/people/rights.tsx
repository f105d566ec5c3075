import { useQuery } from "@tanstack/react-query";
import { type SubmitEvent, useId } from "react";
import { Link } from "wouter";
import { request } from "../../../api/request.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { type Members, type Observers, peopleKey, usePeopleWrite } from "./api.ts";

/** Who may do what in a course, and who sees which learner. */
export function Rights({ course, mayManage, isOwner }: { course: string; mayManage: boolean; isOwner: boolean }) {
  return (
    <div className="halves">
      <MembersPart course={course} mayManage={mayManage} isOwner={isOwner} />
      <ObserversPart course={course} mayManage={mayManage} />
    </div>
  );
}

type Change = { role: "co_author" | "grader" | null; user_id?: string; email?: string };

function MembersPart({ course, mayManage, isOwner }: { course: string; mayManage: boolean; isOwner: boolean }) {
  const text = usePeopleText();
  const id = useId();
  const members = useQuery({
    queryKey: [...peopleKey(course), "members"],
    queryFn: () => request<Members>(`/courses/${course}/members`),
  });
  const set = usePeopleWrite(course, (change: Change) =>
    request<{ results: { outcome: string; errors?: { path: string; message: string }[] }[] }>(
      `/courses/${course}/members/batch`,
      { method: "POST", body: { members: [change] } },
    ),
  );
  const give = usePeopleWrite(course, (user_id: string) =>
    request(`/courses/${course}/owner`, { method: "PUT", body: { user_id } }),
  );
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const who = String(form.get("who") ?? "").trim();
    const role = form.get("role") === "co_author" ? "co_author" : "grader";
    const named = who.includes("@") ? { email: who } : { user_id: who };
    if (!set.isPending) set.mutate({ role, ...named }, { onSuccess: () => element.reset() });
  };
  const [result] = set.data?.results ?? [];
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.membersTitle}</h2>
      <p className="fine">{text.membersHint}</p>
      {members.isError ? <FaultNote fault={members.error} retry={() => void members.refetch()} /> : null}
      {members.isPending ? <Loading /> : null}
      <ul className="members">
        {members.data?.results.map(({ user_id, name, email, role }) => (
          <li key={user_id}>
            <span>
              {name ?? user_id} <span className="fine">{email ?? user_id}</span>
            </span>
            <span className="tag">{text.role(role)}</span>
            {role === "owner" || !mayManage ? null : (
              <span className="actions">
                {isOwner && role === "co_author" ? (
                  <button
                    type="button"
                    className="button is-small"
                    onClick={() => {
                      if (window.confirm(text.giveSure(name ?? user_id))) give.mutate(user_id);
                    }}
                  >
                    {text.giveCourse}
                  </button>
                ) : null}
                <button
                  type="button"
                  className="button is-small"
                  aria-label={`${text.remove}: ${name ?? user_id}`}
                  onClick={() => {
                    if (window.confirm(text.removeSure(name ?? user_id))) set.mutate({ user_id, role: null });
                  }}
                >
                  {text.remove}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {mayManage ? (
        <form className="form" onSubmit={onSubmit}>
          <label className="field">
            <span>{text.whoIsIt}</span>
            <input name="who" required maxLength={254} />
          </label>
          <label className="field">
            <span>{text.rights}</span>
            <select name="role" defaultValue="grader">
              <option value="grader">{text.role("grader")}</option>
              <option value="co_author">{text.role("co_author")}</option>
            </select>
          </label>
          <button type="submit" className="button is-primary" aria-disabled={set.isPending}>
            {text.giveRights}
          </button>
        </form>
      ) : null}
      <div role="status">
        {result?.outcome === "user_not_found" ? <p>{text.unknownPerson}</p> : null}
        {result?.errors?.map(({ path, message }) => (
          <p key={path}>{message}</p>
        ))}
      </div>
      {set.isError ? <FaultNote fault={set.error} /> : null}
      {give.isError ? <FaultNote fault={give.error} /> : null}
    </section>
  );
}

function ObserversPart({ course, mayManage }: { course: string; mayManage: boolean }) {
  const text = usePeopleText();
  const id = useId();
  const observers = useQuery({
    queryKey: [...peopleKey(course), "observers"],
    queryFn: () => request<Observers>(`/courses/${course}/observers`, { query: { limit: 200 } }),
  });
  const set = usePeopleWrite(course, ({ user, learner, isOn }: { user: string; learner: string; isOn: boolean }) =>
    request(`/courses/${course}/observers/${encodeURIComponent(user)}/learners/${encodeURIComponent(learner)}`, {
      method: isOn ? "PUT" : "DELETE",
    }),
  );
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const [user, learner] = [String(form.get("user")).trim(), String(form.get("learner")).trim()];
    if (!set.isPending) set.mutate({ user, learner, isOn: true }, { onSuccess: () => element.reset() });
  };
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.observersTitle}</h2>
      <p className="fine">{text.observersHint}</p>
      {observers.isError ? <FaultNote fault={observers.error} retry={() => void observers.refetch()} /> : null}
      {observers.data?.results.length === 0 ? <p>{text.noObservers}</p> : null}
      <ul className="members">
        {observers.data?.results.map(({ user_id, learner_id, name }) => (
          <li key={`${user_id} ${learner_id}`}>
            <span>
              {name ?? user_id} → {learner_id}
            </span>
            <span className="actions">
              <Link href={`/courses/${course}/learners/${encodeURIComponent(learner_id)}`}>{text.observerPage}</Link>
              {mayManage ? (
                <button
                  type="button"
                  className="button is-small"
                  aria-label={`${text.remove}: ${name ?? user_id}, ${learner_id}`}
                  onClick={() => set.mutate({ user: user_id, learner: learner_id, isOn: false })}
                >
                  {text.remove}
                </button>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
      {mayManage ? (
        <form className="form" onSubmit={onSubmit}>
          <div className="two-fields">
            <label className="field">
              <span>{text.observer}</span>
              <input name="user" required maxLength={64} />
            </label>
            <label className="field">
              <span>{text.observes}</span>
              <input name="learner" required maxLength={64} />
            </label>
          </div>
          <button type="submit" className="button" aria-disabled={set.isPending}>
            {text.addObserver}
          </button>
        </form>
      ) : null}
      {set.isError ? <FaultNote fault={set.error} /> : null}
    </section>
  );
}
