import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useId, useRef, useState } from "react";
import { Link } from "wouter";
import { request } from "../../api/request.ts";
import { useLanguage } from "../../i18n/index.ts";
import { useLearningText } from "../../i18n/learning.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { type Found, pathOf } from "./api.ts";

/** After so long without a key, what was typed is looked for. */
const PAUSE_MS = 250;

/** Search in what is open to the learner. "/" comes here from anywhere on the page, Escape empties it. */
export function CourseSearch({ course }: { course: string }) {
  const text = useLearningText();
  const language = useLanguage();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const found = useQuery({
    queryKey: ["search", course, asked, language],
    queryFn: ({ signal }) =>
      request<Found>(`/courses/${course}/search`, { query: { q: asked, lang: language }, signal }),
    enabled: asked !== "",
    // What is open changes: each search asks anew.
    staleTime: 0,
    gcTime: 0,
  });
  const data = useDeferredValue(found.data);
  return (
    <search className="course-search">
      <label className="visually-hidden" htmlFor={id}>
        {text.search}
      </label>
      <input
        ref={field}
        id={id}
        type="search"
        value={typed}
        maxLength={100}
        placeholder={text.search}
        aria-keyshortcuts="/"
        aria-describedby={`${id}-hint`}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setTyped("");
        }}
      />
      <span className="fine course-search-hint" id={`${id}-hint`}>
        {text.searchHint}
      </span>
      <p className="visually-hidden" role="status">
        {asked === "" || data === undefined ? "" : text.searchFound(data.results.length)}
      </p>
      {found.isError ? <FaultNote fault={found.error} retry={() => void found.refetch()} /> : null}
      {asked === "" || data === undefined ? null : (
        <div className="course-search-found">
          {data.results.length === 0 ? <p className="fine">{text.searchNone}</p> : null}
          <ul>
            {data.results.map((item) => (
              <li key={item.item_id}>
                <Link href={pathOf(course, item)}>{item.title}</Link>
                {item.is_locked ? <span className="tag">{text.searchLocked}</span> : null}
                {item.excerpt === null ? null : <p className="fine">{item.excerpt}</p>}
              </li>
            ))}
          </ul>
          {data.has_more ? <p className="fine">{text.searchMore}</p> : null}
        </div>
      )}
    </search>
  );
}

/** Whether somebody is writing: then "/" is a letter. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
}
