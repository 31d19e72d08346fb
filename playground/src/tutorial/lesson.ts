/** The tutorial as data: what a test or another page can walk through as well as the reader. */
export interface Step {
  id: string;
  title: string;
  /** Paragraphs of HTML, in our words. */
  text: string;
  /** What the editor starts with. */
  sql: string;
  /**
   * SQL that must return true when the step is done. `{sql}` stands for the last statement that was run, as a subquery. Only run when
   * the step's statements did not fail (unless failing is the point).
   */
  check: string;
  /** The step is done by an error with this SQLSTATE. */
  error?: string;
}

export interface Lesson {
  id: string;
  /** PostgreSQL's section. */
  section: string;
  title: string;
  /** Makes the tables the lesson starts from. */
  setup: string;
  steps: readonly Step[];
}
