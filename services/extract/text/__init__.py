"""Text: normalisation, quotation marks, sentences, language, pages."""
