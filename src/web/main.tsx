import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { followPreferences } from "./lib/preferences.ts";
import { session } from "./session/store.ts";
import "./styles/index.css";

followPreferences();
session.start();
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root element");
createRoot(root).render(<App />);
