import { lazy, type ReactNode, Suspense, useEffect, useId, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useLanguage, useMessages } from "../i18n/index.ts";
import { dropTextsOf } from "../lib/kept-text.ts";
import { knownToManage } from "../lib/managed-memory.ts";
import { choose, preferences, type Theme } from "../lib/preferences.ts";
import { useStore } from "../lib/use-store.ts";
import { Connection } from "../live/connection.tsx";
import { Notices } from "../live/notices.tsx";
import { session, type User } from "../session/store.ts";
import { KeyholeMark } from "./icons.tsx";

const ManagerLink = lazy(() => import("../pages/organizations/link.tsx"));

/** What is around every page: the way past the navigation, the navigation, and the choices of this browser. */
export function Layout({ user, children }: { user: User | null; children: ReactNode }) {
  const messages = useMessages();
  return (
    <>
      <a className="skip" href="#content">
        {messages.skip}
      </a>
      <header className="top">
        <Link className="brand" href="/">
          <KeyholeMark />
          <span>{messages.appName}</span>
        </Link>
        {user === null ? null : <Navigation user={user} />}
        <div className="top-end">
          {user === null ? null : (
            <>
              <Connection />
              <Notices />
              <Account user={user} />
            </>
          )}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <footer className="bottom">
        <span className="fine">{messages.tagline}</span>
        {user === null ? null : <Link href="/account">{messages.navAccount}</Link>}
        <Choices />
      </footer>
    </>
  );
}

function Navigation({ user }: { user: User }) {
  const messages = useMessages();
  const [location] = useLocation();
  const mayManage = useMayManage(user, location);
  const places = [
    { href: "/courses", label: messages.navCourses, isShown: true },
    { href: "/author", label: messages.navAuthor, isShown: user.role === "author" || user.role === "admin" },
    { href: "/grading", label: messages.navGrading, isShown: user.role === "author" || user.role === "admin" },
    { href: "/operator", label: messages.navOperator, isShown: user.role === "admin" },
  ].filter((place) => place.isShown);
  return (
    <nav aria-label={messages.navMain}>
      {places.map(({ href, label }) => (
        <Link key={href} href={href} aria-current={location.startsWith(href) ? "page" : undefined}>
          {label}
        </Link>
      ))}
      {mayManage ? (
        <Suspense fallback={null}>
          <ManagerLink user={user} isHere={location.startsWith("/organizations")} />
        </Suspense>
      ) : null}
    </nav>
  );
}

/** Addresses that lead on by themselves: they are no view. */
const WAYS_IN = /^\/(?:$|sign-in)/;

/**
 * Whether to look for an organisation that the user manages. Learners are many and managers few: the first view asks
 * nothing, unless this browser knows of one already. Administrators have the page of all organisations.
 */
function useMayManage(user: User, location: string): boolean {
  const first = useRef(location);
  const [hasMoved, setHasMoved] = useState(false);
  useEffect(() => {
    if (location === first.current) return;
    if (WAYS_IN.test(first.current)) first.current = location;
    else setHasMoved(true);
  }, [location]);
  if (user.role !== "learner" && user.role !== "author") return false;
  return hasMoved || knownToManage(user.id) === true;
}

function Account({ user }: { user: User }) {
  const messages = useMessages();
  return (
    <div className="account">
      <Link className="account-name" href="/account" title={messages.signedInAs(user.name)}>
        {user.name}
      </Link>
      <button
        type="button"
        className="button is-quiet"
        onClick={() => {
          dropTextsOf(user.id);
          void session.signOut();
        }}
      >
        {messages.signOut}
      </button>
    </div>
  );
}

const LANGUAGES = [
  ["en", "English"],
  ["zh", "中文"],
] as const;

function Choices() {
  const messages = useMessages();
  const language = useLanguage();
  const { theme } = useStore(preferences);
  const id = useId();
  const themes: [Theme, string][] = [
    ["system", messages.themeSystem],
    ["light", messages.themeLight],
    ["dark", messages.themeDark],
  ];
  return (
    <div className="choices">
      <fieldset className="segments">
        <legend className="visually-hidden">{messages.language}</legend>
        {LANGUAGES.map(([value, label]) => (
          <label key={value} lang={value === "zh" ? "zh-Hans" : "en"}>
            <input
              type="radio"
              name={`${id}-language`}
              checked={language === value}
              onChange={() => choose({ language: value })}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <fieldset className="segments">
        <legend className="visually-hidden">{messages.theme}</legend>
        {themes.map(([value, label]) => (
          <label key={value}>
            <input
              type="radio"
              name={`${id}-theme`}
              checked={theme === value}
              onChange={() => choose({ theme: value })}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}
