"""What readers of files share: finding them, parsing numbers, foreign pickles."""
