//! HTTP: API routes, pages, templates, locales.
