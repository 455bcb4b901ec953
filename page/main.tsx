import "@xterm/xterm/css/xterm.css";
import "./style.css";
import "./lessons/lessons.css";
import { render } from "preact";
import { App } from "./app.js";
import { connect } from "./device/session.js";

connect();
render(<App />, document.getElementById("page")!);
