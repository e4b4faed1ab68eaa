"""The shapes of requests and answers, for the document; answers are built by views and not checked again."""
