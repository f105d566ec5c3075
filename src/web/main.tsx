import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { followLanguage } from "./i18n/index.ts";
import { followPreferences } from "./lib/preferences.ts";
import { session } from "./session/store.ts";
import "./styles/index.css";

// The author's pages load the engine, whose schemas would try whether they may make code from text. The pages' policy
// refuses that and reports each try.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
followPreferences();
session.start();
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root element");
await followLanguage();
createRoot(root).render(<App />);
