import { notifyManager, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { ApiProblem } from "./api/problem.ts";
import { shortName } from "./api/types.ts";
import { useStore } from "./lib/use-store.ts";
import { Live } from "./live/live.tsx";
import { CoursesPage } from "./pages/courses.tsx";
import { NotFoundPage } from "./pages/not-found.tsx";
import { Loading, Net } from "./parts/fault.tsx";
import { Layout } from "./parts/layout.tsx";
import { SessionOverError, session } from "./session/store.ts";

// Each view has its own script. The script of the map, which learners see first, is requested before the page is drawn.
const mapScript = () => import("./pages/map/page.tsx");
if (/^\/courses\/[^/]+\/?$/.test(location.pathname)) void mapScript().catch(() => undefined);
const MapPage = lazy(async () => ({ default: (await mapScript()).MapPage }));
const SignInPage = lazy(async () => ({ default: (await import("./pages/sign-in.tsx")).SignInPage }));
const ChapterPage = lazy(async () => ({ default: (await import("./pages/chapter.tsx")).ChapterPage }));
const ProblemPage = lazy(async () => ({ default: (await import("./pages/problem.tsx")).ProblemPage }));
// Learners never load what only authors and operators see.
const AuthorCoursesPage = lazy(() => import("./pages/author/courses.tsx"));
const StudioPage = lazy(() => import("./pages/author/studio/page.tsx"));
const ImportsPage = lazy(() => import("./pages/author/imports.tsx"));
const ImportPage = lazy(() => import("./pages/author/import.tsx"));
const GradingPage = lazy(() => import("./pages/author/grading/page.tsx"));
const RegradePage = lazy(() => import("./pages/author/grading/regrade.tsx"));
const InsightPage = lazy(() => import("./pages/author/insight.tsx"));
const PeoplePage = lazy(() => import("./pages/author/people/page.tsx"));
const LearnerPage = lazy(() => import("./pages/author/people/learner.tsx"));
const ClassPage = lazy(() => import("./pages/author/people/class.tsx"));
const InvitePage = lazy(() => import("./pages/invite.tsx"));
const NewPasswordPage = lazy(async () => ({ default: (await import("./pages/ways/links.tsx")).NewPasswordPage }));
const LinkPage = lazy(async () => ({ default: (await import("./pages/ways/links.tsx")).LinkPage }));
const ConfirmPage = lazy(async () => ({ default: (await import("./pages/ways/links.tsx")).ConfirmPage }));
const LaunchPage = lazy(() => import("./pages/ways/launch.tsx"));
const AccountPage = lazy(() => import("./pages/account/page.tsx"));
const UsersPage = lazy(() => import("./pages/users/page.tsx"));
const MailPage = lazy(() => import("./pages/mail.tsx"));
const CertificatePage = lazy(() => import("./pages/certificate.tsx"));
const ObservedPage = lazy(() => import("./pages/observed.tsx"));
const SignOnReturnPage = lazy(() => import("./pages/ways/sign-on-return.tsx"));
const SignOnPage = lazy(() => import("./pages/operator/sign-on/page.tsx"));
const LtiPage = lazy(() => import("./pages/operator/lti/page.tsx"));
const OrganizationsPage = lazy(() => import("./pages/organizations/page.tsx"));
const OrganizationPage = lazy(() => import("./pages/organizations/organization.tsx"));
const OperatorPage = lazy(() => import("./pages/operator/page.tsx"));
const RecordsPage = lazy(() => import("./pages/records/page.tsx"));
const WebhooksPage = lazy(() => import("./pages/webhooks/page.tsx"));

// The default waits for a timer, and browsers run timers of a background tab at most once a second. A map beside the
// page in use would update late.
notifyManager.setScheduler(queueMicrotask);

/** A refusal does not change when it is repeated; only faults that may pass are tried again. */
const MAX_RETRIES = 2;

function makeClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (count, fault) =>
          count < MAX_RETRIES &&
          !(fault instanceof SessionOverError) &&
          !(fault instanceof ApiProblem && fault.problem.status < 500),
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** Each user has a separate cache, so that nothing of one user is ever shown to the next. */
const clients = new Map<string, QueryClient>();
function clientOf(user: string): QueryClient {
  const existing = clients.get(user);
  if (existing !== undefined) return existing;
  clients.clear();
  const made = makeClient();
  clients.set(user, made);
  return made;
}

/** The pages for a signed-in user; the sign-in page for everybody else. */
export function App() {
  const state = useStore(session.state);
  const user = state.kind === "signed-in" ? state.user : null;
  const content =
    user === null ? (
      <Switch>
        <Route path="/invite/:token">{({ token }) => <InvitePage key={token} token={token} />}</Route>
        <Route path="/sign-in/new-password">
          <NewPasswordPage />
        </Route>
        <Route path="/sign-in/link">
          <LinkPage />
        </Route>
        <Route path="/sign-in/with/:provider">
          {({ provider }) => <SignOnReturnPage key={provider} provider={provider} />}
        </Route>
        <Route path="/sign-in/launch">
          <LaunchPage />
        </Route>
        <Route path="/mail">
          <MailPage />
        </Route>
        <Route path="/certificates/:id">{({ id }) => <CertificatePage key={id} id={id} />}</Route>
        <Route>
          <SignInPage />
        </Route>
      </Switch>
    ) : (
      <Switch>
        <Route path="/invite/:token">{({ token }) => <InvitePage key={token} token={token} />}</Route>
        <Route path="/certificates/:id">{({ id }) => <CertificatePage key={id} id={id} />}</Route>
        <Route path="/observed">
          <ObservedPage />
        </Route>
        <Route path="/">
          <Redirect to="/courses" replace />
        </Route>
        <Route path="/sign-in">
          <Redirect to="/courses" replace />
        </Route>
        <Route path="/sign-in/new-password">
          <NewPasswordPage />
        </Route>
        <Route path="/sign-in/link">
          <LinkPage />
        </Route>
        <Route path="/sign-in/with/:provider">
          {({ provider }) => <SignOnReturnPage key={provider} provider={provider} />}
        </Route>
        <Route path="/sign-in/launch">
          <LaunchPage />
        </Route>
        <Route path="/mail">
          <MailPage />
        </Route>
        <Route path="/account">
          <AccountPage />
        </Route>
        <Route path="/account/confirm">
          <ConfirmPage />
        </Route>
        <Route path="/courses">
          <CoursesPage />
        </Route>
        <Route path="/courses/:course">{({ course }) => <MapPage key={course} course={course} />}</Route>
        <Route path="/courses/:course/chapters/:chapter">
          {({ course, chapter }) => {
            const name = shortName(chapter);
            return <ChapterPage key={name} course={course} chapter={name} />;
          }}
        </Route>
        <Route path="/courses/:course/problems/:problem">
          {({ course, problem }) => {
            const name = shortName(problem);
            return <ProblemPage key={name} course={course} problem={name} />;
          }}
        </Route>
        <Route path="/courses/:course/learners/:user">
          {({ course, user: learner }) => (
            <LearnerPage key={learner} course={course} user={decodeURIComponent(learner)} />
          )}
        </Route>
        <Route path="/author">
          <AuthorCoursesPage />
        </Route>
        <Route path="/author/imports">
          <ImportsPage />
        </Route>
        <Route path="/author/imports/:id">{({ id }) => <ImportPage key={id} id={id} />}</Route>
        <Route path="/author/:course">
          {({ course }) => <StudioPage key={`studio ${course}`} course={course} view="document" />}
        </Route>
        <Route path="/author/:course/studio">
          {({ course }) => <StudioPage key={`studio ${course}`} course={course} view="studio" />}
        </Route>
        <Route path="/author/:course/insight">{({ course }) => <InsightPage key={course} course={course} />}</Route>
        <Route path="/author/:course/people">{({ course }) => <PeoplePage key={course} course={course} />}</Route>
        <Route path="/author/:course/people/:user">
          {({ course, user: learner }) => (
            <LearnerPage key={learner} course={course} user={decodeURIComponent(learner)} />
          )}
        </Route>
        <Route path="/author/:course/class">{({ course }) => <ClassPage key={course} course={course} />}</Route>
        <Route path="/author/:course/regrade">{({ course }) => <RegradePage key={course} course={course} />}</Route>
        <Route path="/grading">
          <GradingPage submission={null} />
        </Route>
        <Route path="/grading/:submission">{({ submission }) => <GradingPage submission={submission} />}</Route>
        <Route path="/operator/sign-on">
          <SignOnPage />
        </Route>
        <Route path="/operator">
          <OperatorPage />
        </Route>
        <Route path="/operator/webhooks">
          <WebhooksPage course={null} />
        </Route>
        <Route path="/author/:course/webhooks">{({ course }) => <WebhooksPage key={course} course={course} />}</Route>
        <Route path="/author/:course/records">{({ course }) => <RecordsPage key={course} course={course} />}</Route>
        <Route path="/operator/lti">
          <LtiPage />
        </Route>
        <Route path="/organizations">
          <OrganizationsPage />
        </Route>
        <Route path="/organizations/:id">{({ id }) => <OrganizationPage key={id} id={id} />}</Route>
        <Route path="/operator/users">
          <UsersPage />
        </Route>
        <Route>
          <NotFoundPage />
        </Route>
      </Switch>
    );
  return (
    <QueryClientProvider client={clientOf(user?.id ?? "")}>
      <Live key={user?.id ?? ""} user={user}>
        <Layout user={user}>
          <Net>
            <Suspense fallback={<Loading />}>{content}</Suspense>
          </Net>
        </Layout>
      </Live>
    </QueryClientProvider>
  );
}
